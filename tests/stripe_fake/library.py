"""The types of the installed stripe library: of the objects it reads and of the requests it sends.

Names that a module imports for type checkers alone are looked up where its source imports them from.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
from dataclasses import dataclass
from functools import cache
from types import ModuleType, UnionType
from typing import Any, ForwardRef, Literal, NotRequired, Required, Union, get_args, get_origin

from stripe import RequestOptions
from stripe._object_classes import OBJECT_CLASSES

#: The modules of the library's services, by the first parts of their paths.
SERVICES = {
    "balance_transactions": ("stripe._balance_transaction_service",),
    "billing_portal/configurations": ("stripe.billing_portal._configuration_service",),
    "billing_portal/sessions": ("stripe.billing_portal._session_service",),
    "charges": ("stripe._charge_service",),
    "checkout/sessions": ("stripe.checkout._session_service", "stripe.checkout._session_line_item_service"),
    "coupons": ("stripe._coupon_service",),
    "customers": ("stripe._customer_service", "stripe._customer_payment_method_service"),
    "disputes": ("stripe._dispute_service",),
    "events": ("stripe._event_service",),
    "invoice_payments": ("stripe._invoice_payment_service",),
    "invoices": ("stripe._invoice_service", "stripe._invoice_line_item_service"),
    "payment_intents": ("stripe._payment_intent_service",),
    "payment_links": ("stripe._payment_link_service", "stripe._payment_link_line_item_service"),
    "payment_methods": ("stripe._payment_method_service",),
    "prices": ("stripe._price_service",),
    "products": ("stripe._product_service",),
    "promotion_codes": ("stripe._promotion_code_service",),
    "refunds": ("stripe._refund_service",),
    "setup_intents": ("stripe._setup_intent_service",),
    "subscription_items": ("stripe._subscription_item_service",),
    "subscription_schedules": ("stripe._subscription_schedule_service",),
    "subscriptions": ("stripe._subscription_service",),
}


@dataclass(frozen=True)
class Operation:
    """One request that the library can send: what it may ask, and the kind of object that answers it.

    params: a TypedDict. is_list: a list of such objects.
    """

    method: str
    template: str
    params: type[Any]
    answers: type[Any]
    is_list: bool

    def match(self, path: str) -> tuple[str, ...] | None:
        """The ids in a path of this operation; None for another's."""
        found = re.fullmatch(re.sub(r"\{\w+\}", "([^/]+)", self.template), path)
        return found.groups() if found else None


def collection_of(path: str) -> str:
    """The first parts of a path: "customers" of /v1/customers/cus_1, "checkout/sessions" of its like."""
    parts = path.removeprefix("/v1/").strip("/").split("/")
    return "/".join(parts[:2] if parts[0] in ("checkout", "billing_portal") else parts[:1])


def find_operation(method: str, path: str) -> tuple[Operation, tuple[str, ...]] | None:
    """The operation of a request and the ids in its path; None where the library sends nothing of the kind."""
    for one in operations(collection_of(path)):
        if one.method == method and (ids := one.match(path)) is not None:
            return one, ids
    return None


@cache
def operations(collection: str) -> tuple[Operation, ...]:
    """What the library's services can ask of a collection; fixed addresses before those with an id."""
    found = [one for name in SERVICES.get(collection, ()) for one in _read_service(importlib.import_module(name))]
    return tuple(sorted(found, key=lambda one: one.template.count("{")))


def _read_service(module: ModuleType) -> list[Operation]:
    made = []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.FunctionDef):
            calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
            made += [_operation(module, node, one) for one in calls if ast.unparse(one.func) == "self._request"]
    return made


def _operation(module: ModuleType, node: ast.FunctionDef, call: ast.Call) -> Operation:
    method, path = call.args[:2]
    template = path.func.value if isinstance(path, ast.Call) and isinstance(path.func, ast.Attribute) else path
    given = next(one.annotation for one in node.args.args if one.arg == "params")
    assert given is not None
    assert node.returns is not None
    answers = ast.unparse(node.returns).strip("'\"")
    inner = re.search(r"\[(\w+)\]", answers)
    (params_name,) = re.findall(r"\w+Params", ast.unparse(given))
    return Operation(
        str(ast.literal_eval(method)).upper(),
        str(ast.literal_eval(template)),
        name_in(module, params_name),
        name_in(module, inner.group(1) if inner else answers),
        inner is not None,
    )


def name_in(module: ModuleType, name: str) -> Any:
    """What a name means in a module of the library."""
    if hasattr(module, name):
        return getattr(module, name)
    origin, real = _imports(module)[name]
    return getattr(importlib.import_module(origin), real)


@cache
def _imports(module: ModuleType) -> dict[str, tuple[str, str]]:
    """Every name that a module imports from somewhere, for type checkers as well."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.update({one.asname or one.name: (node.module, one.name) for one in node.names})
    return found


class _Names(dict[str, Any]):
    """The names of a module for `eval`, with those that it imports for type checkers alone."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__(vars(module))
        self._module = module

    def __missing__(self, name: str) -> Any:
        return name_in(self._module, name)  # a KeyError leaves the name to the builtins


def resolve(annotation: Any, module: ModuleType) -> Any:
    """An annotation whose outermost name is no longer a string."""
    while isinstance(annotation, str | ForwardRef):
        text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
        annotation = eval(text, {}, _Names(module))
    return annotation


def fields(owner: Any) -> dict[str, tuple[Any, bool]]:
    """The fields of a TypedDict or of a resource class: their types, and whether they must be there."""
    return _fields(owner)


@cache
def _fields(owner: Any) -> dict[str, tuple[Any, bool]]:
    module = sys.modules[owner.__module__]
    is_params = not hasattr(owner, "_inner_class_types")
    required: frozenset[str] = getattr(owner, "__required_keys__", frozenset())
    passed_over = set(RequestOptions.__annotations__) if is_params else {"OBJECT_NAME"}
    found: dict[str, tuple[Any, bool]] = {}
    for name, written in owner.__annotations__.items():
        if name in passed_over or name.startswith("_"):
            continue
        annotation = resolve(written, module)
        if get_origin(annotation) in (NotRequired, Required):
            annotation = resolve(get_args(annotation)[0], module)
        must = name in required if is_params else type(None) not in alternatives(annotation, module)
        found[name] = (annotation, must)
    return found


def alternatives(annotation: Any, module: ModuleType) -> tuple[Any, ...]:
    """The members of a union, resolved; of anything else itself."""
    annotation = resolve(annotation, module)
    if get_origin(annotation) in (Union, UnionType):
        return tuple(one for member in get_args(annotation) for one in alternatives(member, module))
    return (annotation,)


def literals(annotation: Any, module: ModuleType) -> tuple[Any, ...]:
    """Every literal value that a field may have; () for a field that is no enum.

    The library writes enums as `Union[Literal[…], str]` so that newer words pass; what it names is what there is now.
    """
    members = alternatives(annotation, module)
    return tuple(value for one in members if get_origin(one) is Literal for value in get_args(one))


@cache
def resource_class(kind: str) -> type[Any] | None:
    """The library's class of a kind of object ("checkout.session"); None for one that it does not have."""
    if kind not in OBJECT_CLASSES:
        return None
    module, name = OBJECT_CLASSES[kind]
    found: type[Any] = getattr(importlib.import_module(module), name)
    return found


@cache
def fields_of(kind: str) -> frozenset[str]:
    """The names of a kind's fields."""
    found = resource_class(kind)
    return frozenset(getattr(found, "__annotations__", {})) - {"OBJECT_NAME"}
