"""Input fields that take exactly what the contract says and nothing that merely looks like it."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from django.utils import timezone
from rest_framework import ISO_8601, serializers

from kv.rest.schema import extend_schema_field
from kv.web.texts import NothingVisible, UnreadableText, clean_text

#: The schema of an id that the caller made.
CALLER_ID = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": r"^[\x20-\x7e]{1,64}$"}


class WholeNumberField(serializers.IntegerField):
    """A JSON integer between its bounds; strings, booleans and fractions are refused."""

    default_error_messages = {"invalid": "A whole number is required."}

    def to_internal_value(self, data: Any) -> int:
        """The number itself. Raises ValidationError."""
        if type(data) is not int:
            self.fail("invalid")
        return data


@extend_schema_field({"type": "string"})
class EchoedField(serializers.JSONField):
    """What an answer had and is sent back with it; whatever it is, it is ignored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, allow_null=True, help_text="As GET answers it; ignored.", **kwargs)


class FlagField(serializers.BooleanField):
    """A JSON boolean; texts and numbers are refused."""

    default_error_messages = {"invalid": "true or false is required."}

    def to_internal_value(self, data: Any) -> bool:
        """The boolean itself. Raises ValidationError."""
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class MomentField(serializers.DateTimeField):
    """A moment in ISO 8601 with its zone, in and out, whatever the project says of USE_TZ and of DRF's formats."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO_8601, input_formats=[ISO_8601], **kwargs)

    def default_timezone(self) -> tzinfo:
        """The project's current zone; a moment without a zone is taken as of that one."""
        return timezone.get_current_timezone()


class NamedChoiceField(serializers.ChoiceField):
    """One of some texts. schema_name: the name of their set in the API's description, which generated clients use."""

    def __init__(self, choices: Any, *, schema_name: str, **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        self.schema_name = schema_name


class TextField(serializers.CharField):
    """A JSON string without what nobody sees: see `kv.web.texts`. Numbers and booleans are refused.

    lines: line breaks and tabs may stand in it. is_id: it is only compared, and so taken as it is.
    """

    default_error_messages = {"unreadable": "The character {code} is not taken here."}

    def __init__(self, *, lines: bool = False, is_id: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lines = lines
        self.is_id = is_id

    def to_internal_value(self, data: Any) -> str:
        """The text. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if self.is_id:
            return text
        try:
            text = clean_text(text, lines=self.lines, blank=self.allow_blank)
        except UnreadableText as error:
            self.fail("unreadable", code=str(error))
        except NothingVisible:
            self.fail("blank")
        return text.strip() if self.trim_whitespace else text


@extend_schema_field(CALLER_ID)
class CallerIdField(serializers.RegexField):
    """An id that the caller made: 1–64 printable ASCII characters."""

    default_error_messages = {"invalid": "1 to 64 printable ASCII characters are required."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(r"\A[\x20-\x7e]{1,64}\Z", trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """The id. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))
