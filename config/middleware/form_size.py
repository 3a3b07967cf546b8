"""The limit of a form's size."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from config.bodies import body_length

GetResponse = Callable[[HttpRequest], HttpResponse]


class FormSizeLimit:
    """Refuses a form larger than DATA_UPLOAD_MAX_MEMORY_SIZE before a byte of it is read; files count too.

    A view that takes files says in its attribute `max_form` how large its form may be. Django's own limit leaves out
    the files of a form and writes them to the disk.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Raises RequestDataTooBig, which is answered with 413. Views under /api/ have limits of their own."""
        length = body_length(request.META)
        if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE and not request.path_info.startswith("/api/"):
            try:
                view = resolve(request.path_info).func
            except Resolver404:
                view = None
            if length > getattr(view, "max_form", settings.DATA_UPLOAD_MAX_MEMORY_SIZE):
                raise RequestDataTooBig("The form is larger than any of this site.")
        return self.get_response(request)
