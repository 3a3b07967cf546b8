"""Forms with a password whose input goes along when the language is changed; the passwords never do."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.forms import PasswordInput
from django.http import HttpResponse

from config.error_responses import wants_json

#: The id of such a form, and the name of what the language menu sends it with.
FORM_ID = "account-form"
CARRIED = "carried"
_LONGEST = 320
#: For the page: the language menu sends the form along.
CONTEXT = {"language_form": FORM_ID, "language_carried": CARRIED}


def carried_form(view: Any) -> HttpResponse | None:
    """The page in the new language with what was typed; None for a form that is sent to be done.

    view: a FormView whose form was sent. Nothing is checked, counted or kept.
    """
    sent = view.request.POST
    if CARRIED not in sent or wants_json(view.request):
        return None
    if REDIRECT_FIELD_NAME in view.request.GET:
        # The menu has put the page that follows into the new language; the form's own field still has the old one.
        view.request.POST = sent = sent.copy()
        sent.pop(REDIRECT_FIELD_NAME, None)
    options = {name: value for name, value in view.get_form_kwargs().items() if name not in ("data", "files")}
    empty = view.get_form_class()(**options)
    typed = {
        name: sent.get(name, "")[:_LONGEST]
        for name, field in empty.fields.items()
        if not isinstance(field.widget, PasswordInput)
    }
    form = view.get_form_class()(**options | {"initial": typed})
    page: HttpResponse = view.render_to_response(view.get_context_data(form=form))
    return page
