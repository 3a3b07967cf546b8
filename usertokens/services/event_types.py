"""The types of event that the app emits: docs/events.md says what each one's data are."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kv.events.kinds import EventType

TYPES = (
    EventType("balance.low", _("A balance has fallen to the threshold.")),
    EventType("budget.reached", _("Most of a budget, or all of it, is spent.")),
    EventType("tokens.granted", _("Tokens have come to a user.")),
    EventType("tokens.spent", _("A user has spent tokens.")),
    EventType("tokens.expired", _("Tokens have expired.")),
    EventType("grant.expiring", _("Tokens expire within three days.")),
    EventType("plan.changed", _("A user’s plan has changed.")),
    EventType("user.created", _("A user has signed up.")),
    EventType("user.deleted", _("A user was deleted.")),
)
