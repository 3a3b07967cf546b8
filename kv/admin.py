"""Events out in Django's admin: who receives them, and the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kv.errors import UnsafeWebhookAddress
from kv.events.kinds import event_types
from kv.events.signing import message_id, new_secret
from kv.models import EventReceiver, EventState, OutgoingEvent
from kv.process.lazy import LazyModule
from kv.rest.permissions import may
from kv.times import utc_now
from kv.web.large_lists import LargeListAdmin, StoredValuesFilter

if TYPE_CHECKING:
    from kv.events import addresses, delivery, receivers, upkeep
else:
    addresses = LazyModule("kv.events.addresses")
    delivery = LazyModule("kv.events.delivery")
    receivers = LazyModule("kv.events.receivers")
    upkeep = LazyModule("kv.events.upkeep")

_RECEIVED = ("name", "url", "is_on", "types")
_STATE = ("state", "note", "delivered_at", "old_secret_ends")


class ReceiverForm(forms.ModelForm):  # type: ignore[type-arg] # generic for the type checker alone
    """A receiver: where, and which events."""

    types = forms.MultipleChoiceField(label=gettext_lazy("Events"), required=False, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = EventReceiver
        fields = _RECEIVED
        widgets = {"url": AdminTextInputWidget(attrs={"class": "vLargeTextField"})}

    class Media:
        css = {"all": ["kv/receivers.css"]}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "types" in self.fields:  # not for who may only look
            choices = [(kind.name, f"{kind.name}: {kind.text}") for kind in event_types().values()]
            self.fields["types"].choices = choices  # type: ignore[attr-defined] # of a field with choices

    def clean_url(self) -> str:
        """An address that may be posted to."""
        url = str(self.cleaned_data["url"]).strip()
        if "#" in url:
            raise forms.ValidationError(
                _("What stands behind # never reaches the receiver. Leave it out."), code="fragment"
            )
        try:
            addresses.check_webhook_address(url, delivery.address_rules())
        except UnsafeWebhookAddress as error:
            raise forms.ValidationError(
                _(
                    "Nothing can be sent there. Enter an https URL of a public host, without a username. The setting "
                    "EVENTS_ALLOW_PRIVATE allows private networks."
                ),
                code="unsafe",
            ) from error
        return url


@admin.register(EventReceiver)
class EventReceiverAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # generic for the type checker alone
    """Receivers. The secret is shown once: when it is made."""

    form = ReceiverForm
    change_form_template = "admin/kv/receiver.html"
    list_display = ("name", "host", "is_on", "waiting_events", "parked_events", "state", "delivered_at")
    list_filter = ("is_on",)
    search_fields = ("name",)
    actions = ("replay_parked",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventReceiver]:
        """Each with the number of its events that wait and that are parked."""
        rows: QuerySet[EventReceiver] = super().get_queryset(request)
        return rows.annotate(waiting_count=_count(EventState.WAITING), parked_count=_count(EventState.PARKED))

    def get_fieldsets(self, request: HttpRequest, obj: EventReceiver | None = None) -> Any:
        """What can be set, and for one that is there how it fares."""
        fieldsets: list[tuple[Any, dict[str, Any]]] = [(None, {"fields": _RECEIVED})]
        if obj is not None:
            fieldsets.append((_("State"), {"fields": _STATE}))
        return fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: EventReceiver | None = None) -> Any:
        """How it fares is not set by hand."""
        return _STATE

    @admin.display(description=gettext_lazy("Host"))
    def host(self, row: EventReceiver) -> str:
        """Without path and query, which may hold a key."""
        return row.url.partition("//")[2].partition("/")[0]

    @admin.display(description=gettext_lazy("Waiting"), ordering="waiting_count")
    def waiting_events(self, row: Any) -> int:
        """How many events wait."""
        return int(row.waiting_count)

    @admin.display(description=gettext_lazy("Parked"), ordering="parked_count")
    def parked_events(self, row: Any) -> int:
        """How many events have had all their tries."""
        return int(row.parked_count)

    @admin.display(description=gettext_lazy("State"))
    def state(self, row: EventReceiver) -> str:
        """In a word."""
        if not row.is_on:
            return _("switched off")
        if not row.failures:
            return _("all well") if row.delivered_at else _("nothing sent yet")
        text = ngettext("failed once", "failed %(count)d times in a row", row.failures)
        return text % {"count": row.failures}

    @admin.display(description=gettext_lazy("Old secret ends"), empty_value="–")
    def old_secret_ends(self, row: EventReceiver) -> str | None:
        """When the secret before this one stops signing."""
        until = row.old_secret_until
        is_valid = row.old_secret and until and until > utc_now()
        return date_format(localtime(until), "DATETIME_FORMAT") if is_valid else None

    def save_model(self, request: HttpRequest, obj: EventReceiver, form: Any, change: bool) -> None:  # noqa: FBT001 (Django's)
        """A new one gets a secret. One that is saved is tried again at once."""
        if not change:
            obj.secret = new_secret()
        obj.paused_until = None
        super().save_model(request, obj, form, change)
        if not change:
            self._show_secret(request, obj)

    def response_change(self, request: HttpRequest, obj: EventReceiver) -> HttpResponse:
        """Do what the pressed button says, and stay on the page."""
        if "_ping" in request.POST:
            receivers.send_ping(obj)
            text = _("A test event is on its way. The list of outgoing events shows what became of it.")
            self.message_user(request, text, messages.SUCCESS)
        elif "_secret" in request.POST:
            receivers.replace_secret(obj)
            self._show_secret(request, obj)
            text = _("The old secret stays valid for seven days: every event carries both signatures.")
            self.message_user(request, text, messages.SUCCESS)
        elif "_end_secret" in request.POST:
            receivers.end_old_secret(obj)
            self.message_user(request, _("The old secret is not valid any more."), messages.SUCCESS)
        else:
            return super().response_change(request, obj)
        return HttpResponseRedirect(request.path)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """The page of one receiver, with its buttons."""
        original: EventReceiver | None = context.get("original")
        context["old_secret_is_valid"] = bool(original and self.old_secret_ends(original))
        return super().render_change_form(request, context, *args, **kwargs)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The receivers by name, and the number of their events: there may be many."""
        receivers = list(objs)
        events = OutgoingEvent.objects.filter(receiver__in=receivers).count()
        counts = {self.opts.verbose_name_plural: len(receivers), OutgoingEvent._meta.verbose_name_plural: events}  # noqa: SLF001 (Django documents it)
        return [str(one) for one in receivers], counts, set(), []

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Who may have events sent again."""
        return may_replay(request)

    @admin.action(
        description=gettext_lazy("Send all parked events of the chosen receivers again"), permissions=("replay",)
    )
    def replay_parked(self, request: HttpRequest, queryset: QuerySet[EventReceiver]) -> None:
        """The worker posts them within seconds."""
        keys = list(queryset.values_list("pk", flat=True))
        _tell(self, request, sum(upkeep.replay_parked(key) for key in keys))

    def _show_secret(self, request: HttpRequest, obj: EventReceiver) -> None:
        text = _("The secret of %(name)s, shown only now:") % {"name": obj.name}
        self.message_user(request, format_html("{} <code>{}</code>", text, obj.secret), messages.WARNING)


@admin.register(OutgoingEvent)
class OutgoingEventAdmin(LargeListAdmin):
    """The outbox."""

    list_display = ("created_at", "type", "receiver", "state", "attempts", "note", "due_at", "delivered_at")
    list_filter = ("state", "receiver", ("type", StoredValuesFilter))
    list_select_related = ("receiver",)
    search_fields = ("user_id__exact", "key__exact")
    search_help_text = gettext_lazy("The ID of a user, or the key of an event.")
    date_hierarchy = "created_at"
    ordering = ("-created_at", "-id")
    fields = (
        "type", "receiver", "webhook_id", "key", "user_id", "at", "data", "state", "attempts", "note", "created_at",
        "due_at", "delivered_at",
    )  # fmt: skip
    actions = ("replay",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """No: events come from what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingEvent | None = None) -> bool:
        """No: rows say what was sent."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutgoingEvent | None = None) -> bool:
        """No: they are deleted by age, and with their user."""
        return False

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Who may have events sent again."""
        return may_replay(request)

    @admin.display(description="webhook-id")
    def webhook_id(self, row: OutgoingEvent) -> str:
        """As the receiver sees it."""
        return message_id(row.receiver, row)

    @admin.action(description=gettext_lazy("Send the chosen events again"), permissions=("replay",))
    def replay(self, request: HttpRequest, queryset: QuerySet[OutgoingEvent]) -> None:
        """Put them into the queue again, with all their tries. The worker posts them within seconds."""
        _tell(self, request, upkeep.replay_events(queryset))


def _count(state: EventState) -> Any:
    """The number of a receiver's events in this state: of their index, the delivered ones are not read."""
    rows = OutgoingEvent.objects.filter(receiver=OuterRef("pk"), state=state).order_by().values("receiver")
    return Coalesce(Subquery(rows.annotate(count=Count("pk")).values("count")), 0)


def may_replay(request: HttpRequest) -> bool:
    """Whether the user may have events sent again."""
    return may(request.user, "kv.replay_event")


def _tell(page: Any, request: HttpRequest, count: int) -> None:
    text = ngettext("%(count)d event is in the queue again.", "%(count)d events are in the queue again.", count)
    page.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)
