"""Requests that the description of the API makes up, some of them about things that are there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.core.parameters import ParameterLocation

from config.wsgi import application
from tests.fuzz.depth import examples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA = schemathesis.openapi.from_wsgi("/api/schema", application)
FOUND: list[Any] = list(SCHEMA.get_all_operations())
OPERATIONS = {found.ok().label: found.ok() for found in FOUND}
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def modes(operation: Any) -> list[GenerationMode]:
    """As described, and against the description; a request that carries nothing can't be wrong."""
    carries = operation.body or operation.query or operation.path_parameters
    return list(GenerationMode) if carries else [GenerationMode.POSITIVE]


@dataclass
class Sent:
    """How often each status was answered, by mode."""

    answers: dict[GenerationMode, Counter[int]] = field(default_factory=dict)

    def statuses(self) -> set[int]:
        """Every status that was seen."""
        return {status for counter in self.answers.values() for status in counter}


def send_many(
    operation: Any,
    *,
    headers: Mapping[str, str],
    cookies: Mapping[str, str],
    known: Mapping[str, Sequence[Any]],
    everyday: int,
) -> Sent:
    """Send so many made-up requests in each mode, and hold each answer against the description.

    known: by name of a field, values that are there: made-up ones hit nothing, and so try little.
    """
    sent = Sent()
    for mode in modes(operation):
        answers: Counter[int] = Counter()

        @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
        @examples(everyday)
        def send(case: Any, data: st.DataObject) -> None:
            steer(case, data, known)
            response = case.call(headers=dict(headers), cookies=dict(cookies))
            stern = [] if reads_as_right(case) else [checks.negative_data_rejection]
            case.validate_response(response, checks=CHECKS + stern, headers=dict(headers))
            answers[response.status_code] += 1  # noqa: B023 (called within the loop)

        send()
        sent.answers[mode] = answers
    return sent


def reads_as_right(case: Any) -> bool:
    """Whether what the description forbids says the same as something it allows.

    In a query a blank value (or an empty object, which is sent as one) is an absent one, and of several the last one
    counts; texts lose the space around them.
    """
    body = case.body.values() if isinstance(case.body, dict) else ()
    return any(value == "" or isinstance(value, list | dict) for value in (case.query or {}).values()) or any(
        isinstance(value, str) and value != value.strip() for value in body
    )


def steer(case: Any, data: st.DataObject, known: Mapping[str, Sequence[Any]]) -> None:
    """Put what is there in the place of what was made up, in half of the fields that were made up as described."""
    places = {
        ParameterLocation.PATH: case.path_parameters,
        ParameterLocation.QUERY: case.query,
        ParameterLocation.HEADER: case.headers,
        ParameterLocation.BODY: case.body,
    }
    for place, values in places.items():
        if not hasattr(values, "keys") or (case.meta and case.meta.is_negative_at(place)):
            continue
        for name in sorted(known.keys() & {str(key) for key in values}):
            if data.draw(st.booleans(), label=f"a known {name}"):
                values[name] = data.draw(st.sampled_from(known[name]), label=name)
