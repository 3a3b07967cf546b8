"""The limit of a form's size."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from config.bodies import body_length

GetResponse = Callable[[HttpRequest], HttpResponse]


class FormSizeLimit:
    """Refuses a form larger than DATA_UPLOAD_MAX_MEMORY_SIZE before a byte of it is read; files count too.

    Django's own limit leaves out the files of a form and writes them to the disk.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Raises RequestDataTooBig, which Django answers with 400. Views under /api/ have limits of their own."""
        if (
            not request.path_info.startswith("/api/")
            and body_length(request.META) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        ):
            raise RequestDataTooBig("The form is larger than any of this site.")
        return self.get_response(request)
