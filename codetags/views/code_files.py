"""Files of codes in the admin, by django-import-export: preview, confirmation, export. Our services read and write.

Imported with the first file: the package brings 330 modules along, and most processes never see a file.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from import_export.admin import ImportExportMixin
from import_export.forms import ConfirmImportForm, ExportForm, ImportForm
from import_export.results import Result

from codetags.services.code_cells import COLUMNS
from codetags.views.code_file_parts import (
    FORMATS,
    CodeTagResource,
    Preview,
    UploadGone,
    UploadStorage,
    XlsxFile,
)
from kv.days import local_day
from kv.web.formats import format_number
from kv.web.tables import MOST_BYTES, UnreadableTable, pack_table, read_table


class CodeImportForm(ImportForm):  # type: ignore[misc] # the package has no types
    """The file alone."""

    media = forms.Media()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind, file = self.fields["format"], self.fields["import_file"]
        kind.required, kind.widget = False, forms.HiddenInput()
        file.label = _("CSV or XLSX file")
        file.widget = forms.ClearableFileInput({"accept": ".csv,.xlsx,text/csv"})

    def clean_import_file(self) -> Any:
        """Read the file, which is kept as the table that it has, as `file.table`. Raises ValidationError."""
        file = self.cleaned_data["import_file"]
        if file.size > MOST_BYTES:
            raise ValidationError(_("The file is too large: at most %(most)s MB.") % {"most": MOST_BYTES // 1024**2})
        try:
            file.table = read_table(file.read(), COLUMNS, key="code")
        except UnreadableTable as error:
            raise ValidationError(str(error)) from error
        return file

    def clean_format(self) -> str:
        """Any: the file says by itself of which kind it is."""
        return "0"


class CodeConfirmForm(ConfirmImportForm):  # type: ignore[misc] # the package has no types
    """The name of the file that was previewed. The package counts its lists by the two other fields, unchecked."""

    def clean_format(self) -> str:
        """Any: what is kept is a table."""
        return "0"

    def clean_resource(self) -> str:
        """The one there is."""
        return "0"


class CodeExportForm(ExportForm):  # type: ignore[misc] # the package has no types
    """The kind of file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["format"] = forms.ChoiceField(
            label=gettext_lazy("File"),
            choices=[(str(number), kind.title) for number, kind in enumerate(FORMATS)],
            initial="0",
            widget=forms.RadioSelect,
        )


class CodeFiles(ImportExportMixin):  # type: ignore[misc] # the package has no types
    """Laid over the admin of codes by `files_admin`."""

    resource_classes = [CodeTagResource]
    formats = import_formats = export_formats = FORMATS
    import_template_name = "codetags/admin/import.html"
    export_template_name = "codetags/admin/export.html"
    import_form_class, export_form_class = CodeImportForm, CodeExportForm
    confirm_form_class = CodeConfirmForm
    tmp_storage_class = UploadStorage
    user_id: Any = None

    def has_import_permission(self, request: HttpRequest) -> bool:
        """An import adds and changes."""
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        """An export shows what the list shows."""
        return bool(self.has_view_permission(request))

    def is_skip_import_confirm_enabled(self) -> bool:
        """Never: whatever a project says of its own imports."""
        return False

    def is_skip_export_form_enabled(self) -> bool:
        """Never, in the same way."""
        return False

    def get_tmp_storage_class_kwargs(self) -> dict[str, Any]:
        """A file is its user's."""
        return {"user_id": self.user_id}

    def get_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """None."""
        return {}

    def write_to_tmp_storage(self, import_file: Any, input_format: Any) -> UploadStorage:
        """Keep what the form has read: the confirmation need not read the file again."""
        storage = UploadStorage(user_id=self.user_id)
        storage.save(pack_table(import_file.table))
        return storage

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        """The form has read the file: this is another failure, and not the user's."""
        raise e

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The form, and the preview of what it was given."""
        return self._titled(super().import_action(request, **kwargs), _("Import codes"))

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Import what was previewed."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        try:
            response: HttpResponse = super().process_import(request, **kwargs)
        except UploadGone:
            text = _("This file is not here any more: it was imported already, or an hour has passed. Choose it again.")
            self.message_user(request, text, messages.WARNING)
            return HttpResponseRedirect(self._address("import"))
        return self._titled(response, _("Import codes"))

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        """To the list; or the errors, when the registry has changed since the preview: then nothing was written."""
        if not result.has_validation_errors():
            return super().process_result(result, request)  # type: ignore[no-any-return] # the package has no types
        form = CodeImportForm(FORMATS, self.resource_classes)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "form": form, "result": result}
        return TemplateResponse(request, self.import_template_name, context)

    def generate_log_entries(self, result: Result, request: HttpRequest) -> None:
        """The service has written them, in the transaction of the codes."""

    def add_success_message(self, result: Result, request: HttpRequest) -> None:
        """How many were added and changed."""
        page: Preview = result.page
        added = ngettext("%(count)s code was added", "%(count)s codes were added", page.new)
        changed = ngettext("%(count)s was changed", "%(count)s were changed", page.updates)
        parts = {
            "added": added % {"count": format_number(page.new)},
            "changed": changed % {"count": format_number(page.updates)},
        }
        self.message_user(request, _("%(added)s, %(changed)s.") % parts, messages.SUCCESS)

    def export_action(self, request: HttpRequest) -> HttpResponse:
        """The form, and the file: the codes of the list, with its filters."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            response: HttpResponse = super().export_action(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(request.path)
        response.headers["Cache-Control"] = "no-store"
        return self._titled(response, _("Export codes"))

    def get_export_filename(self, request: HttpRequest, queryset: Any, file_format: Any) -> str:
        """With the day."""
        return f"codes-{local_day().isoformat()}.{file_format.get_extension()}"

    def get_data_for_export(self, request: HttpRequest, queryset: Any, **kwargs: Any) -> Any:
        """Days and yes or no as such, for a workbook."""
        kwargs["force_native_type"] = kwargs["export_form"].cleaned_data["format"] == str(FORMATS.index(XlsxFile))
        rows = queryset.select_related("campaign", "counts_for").order_by("code")
        return super().get_data_for_export(request, rows, **kwargs)

    def _address(self, name: str) -> str:
        place = f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}"
        return reverse(place, current_app=self.admin_site.name)

    @staticmethod
    def _titled(response: HttpResponse, title: str) -> HttpResponse:
        context = getattr(response, "context_data", None)
        if context is not None:
            context |= {"title": title, "columns": COLUMNS}
        return response


def files_admin(model_admin: Any, request: HttpRequest) -> Any:
    """The admin of codes with the package's views, for one request."""
    made = type("CodeFilesAdmin", (CodeFiles, type(model_admin)), {})(model_admin.model, model_admin.admin_site)
    made.user_id = request.user.pk
    return made
