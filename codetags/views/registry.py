"""The API of the registry: codes one by one, and many from a CSV file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any, ClassVar

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from codetags.conf import COUNTS_LIMIT
from codetags.errors import CodeExists, IdempotencyConflict, InvalidCode, NoCodesLeft, UnknownCode
from codetags.serializers import (
    ImportOutput,
    RegisteredOutput,
    RegistryInput,
    RegistryPageInput,
    RegistryPageOutput,
)
from codetags.services import registrations
from codetags.services.code_cells import COLUMNS
from codetags.services.code_imports import import_codes
from codetags.services.patterns import LONGEST
from codetags.services.registry import list_registry, registered_codes
from codetags.views import examples
from kv.rest.codes import INVALID_INPUT, NOT_FOUND, STORE_UNAVAILABLE, UNSUPPORTED_MEDIA_TYPE, Code
from kv.rest.errors import InvalidInput, Refusal
from kv.rest.idempotency import IDEMPOTENCY_CONFLICT, KEY_HEADER, read_key
from kv.rest.negotiation import BodyTooLarge
from kv.rest.permissions import holds
from kv.rest.schema import extend_schema, parameter
from kv.rest.views import SAFE, ApiView
from kv.web.tables import MOST_BYTES, UnreadableTable, read_csv_text

CODE_EXISTS = Code(409, "code_exists", "The code is in the registry already.")
NO_CODES_LEFT = Code(409, "no_codes_left", "Every code of the usual pattern exists, or existed once.")
#: Letters and digits, and what else CODETAGS_PATTERN may allow.
_PATH = parameter("code", {"type": "string", "pattern": "^[0-9A-Za-z_-]{1,32}$"}, "path", description="In any case.")
_FIXED = "A code that exists can't be changed. Add another that counts for it."
_FRESH = {"Cache-Control": "no-store"}


class CsvParser(BaseParser):
    """The text of a CSV file in UTF-8. Raises BodyTooLarge or InvalidInput."""

    media_type = "text/csv"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The text."""
        body: bytes = stream.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise BodyTooLarge(MOST_BYTES)
        try:
            return body.decode()
        except UnicodeDecodeError as error:
            raise InvalidInput("body", "The file is not in UTF-8. Save it as “CSV UTF-8”.") from error


class _RegistryView(ApiView):
    """For callers with the permission of the model. reads, writes: which."""

    rate_limit = COUNTS_LIMIT
    codes: ClassVar[Sequence[Code]] = (INVALID_INPUT,)
    uses_store = False
    write_codes: ClassVar[Sequence[Code]] = (STORE_UNAVAILABLE,)
    reads: ClassVar[str] = "codetags.view_codetag"
    writes: ClassVar[tuple[str, ...]] = ()

    def get_permissions(self) -> list[BasePermission]:
        """To view, or to add or change."""
        names = (self.reads,) if self.request.method in SAFE else self.writes
        return [IsAuthenticated(), *(holds(name)() for name in names)]


class RegistryView(_RegistryView):
    """GET: the codes of the registry. POST: add one."""

    writes = ("codetags.add_codetag",)
    write_codes = (STORE_UNAVAILABLE, CODE_EXISTS, IDEMPOTENCY_CONFLICT, NO_CODES_LEFT)

    @extend_schema(
        operation_id="list_registry", examples=examples.REGISTRY, parameters=[RegistryPageInput],
        responses=RegistryPageOutput,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The codes of the registry, A to Z."""
        form = RegistryPageInput(data=request.query_params)
        form.is_valid(raise_exception=True)
        asked = form.validated_data
        before = asked.get("before", "")
        # Codes are stored in upper case.
        if len(before) > LONGEST or not before.isprintable() or before != before.upper():
            raise InvalidInput("before", "No list has given this out.")
        found, after = list_registry(limit=asked["limit"], after=before, campaign=asked.get("campaign"))
        return Response({"codes": RegisteredOutput(found, many=True).data, "next": after}, headers=_FRESH)

    @extend_schema(
        operation_id="register_code", examples=examples.REGISTER, parameters=[KEY_HEADER], request=RegistryInput,
        responses={201: RegisteredOutput},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Add a code to the registry; without `code` one is made."""
        form = RegistryInput(data=request.data)
        form.is_valid(raise_exception=True)
        try:
            code = registrations.register_code(form.validated_data, user_id=request.user.pk, key=read_key(request.META))
        except CodeExists as error:
            raise Refusal(409, "code_exists", CODE_EXISTS.when) from error
        except IdempotencyConflict as error:
            raise Refusal(409, "idempotency_conflict", IDEMPOTENCY_CONFLICT.when) from error
        except NoCodesLeft as error:
            raise Refusal(409, "no_codes_left", NO_CODES_LEFT.when) from error
        except InvalidCode as error:
            raise ValidationError(error.errors) from error
        return Response(_shown(code), status=201, headers=_FRESH)


class RegisteredView(_RegistryView):
    """GET, PATCH: one code of the registry."""

    writes = ("codetags.change_codetag",)
    codes = (NOT_FOUND,)

    @extend_schema(
        operation_id="get_registered_code", examples=examples.REGISTERED, parameters=[_PATH], responses=RegisteredOutput
    )
    def get(self, request: Request, code: str) -> Response:
        """One code of the registry."""
        return Response(_shown(code), headers=_FRESH)

    @extend_schema(
        operation_id="change_code", examples=examples.CHANGE, parameters=[_PATH], request=RegistryInput,
        responses=RegisteredOutput,
    )  # fmt: skip
    def patch(self, request: Request, code: str) -> Response:
        """Change a code of the registry; what is left out stays. The code itself never changes."""
        form = RegistryInput(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        known = _shown(code)["code"]
        if values.pop("code", known).upper() != known:
            raise InvalidInput("code", _FIXED)
        try:
            registrations.change_code(known, values, user_id=request.user.pk)
        except UnknownCode as error:
            raise Http404 from error
        except InvalidCode as error:
            raise ValidationError(error.errors) from error
        return Response(_shown(known), headers=_FRESH)


class ImportView(_RegistryView):
    """POST a CSV file: add and change many codes."""

    writes = ("codetags.add_codetag", "codetags.change_codetag")
    codes = (INVALID_INPUT, UNSUPPORTED_MEDIA_TYPE)
    parser_classes = [CsvParser]
    max_body = MOST_BYTES

    @extend_schema(
        operation_id="import_codes", examples=examples.IMPORT, request={"text/csv": {"type": "string"}},
        responses=ImportOutput,
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        """Add and change codes from a CSV file. Rows with errors are left out, all others are written together."""
        text: Any = request.data
        if not isinstance(text, str):  # an empty body has no parser
            raise InvalidInput("body", "A CSV file is required.")
        try:
            table = read_csv_text(text, COLUMNS, key="code")
        except UnreadableTable as error:
            raise InvalidInput("body", str(error)) from error
        plan = import_codes(table.rows, user_id=request.user.pk, skip_wrong=True)
        wrong = [{"row": row.row, "errors": row.errors} for row in plan.wrong]
        body = {"created": len(plan.new), "updated": len(plan.updates), "errors": wrong}
        return Response(body, headers=_FRESH)


def _shown(code: str) -> dict[str, Any]:
    """The code as the API shows it, in any case of its letters. Raises Http404."""
    code = code.upper()
    if len(code) > LONGEST or not code.isascii() or not code.isprintable():
        raise Http404
    found = registered_codes([code]).get(code)
    if found is None:
        raise Http404
    shown: dict[str, Any] = RegisteredOutput(found).data
    return shown
