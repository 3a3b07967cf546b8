"""The app's tables: conversations, archived journal entries, usage, the list of users, mails, the database's id."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kv.sql.model_fields import MomentField
from usertokens.models.vouchers import Redemption as Redemption
from usertokens.models.vouchers import Voucher as Voucher
from usertokens.types import LONGEST_ACTION, MailState, Subscribed


class TokenLedger(models.Model):
    """A row of the admin's list of users: what can be searched and sorted, copied from store and accounts.

    Nothing depends on it, and it can be made anew at any time: see services/directory.py. It also carries the app's
    permissions.
    """

    user_id = models.CharField(_("ID"), max_length=64, primary_key=True)
    name = models.CharField(pgettext_lazy("account", "Username"), max_length=254)
    joined = MomentField(_("Signed up"), null=True)
    #: The site's day of the last log-in.
    seen = models.DateField(_("Last log-in"), null=True)
    plan = models.CharField(_("Plan"), max_length=100, blank=True)
    # None until the user's account is made, with the first visit.
    balance = models.BigIntegerField(_("Balance"), null=True)
    debt = models.BigIntegerField(_("Debt"), default=0)
    subscription = models.CharField(
        _("Subscription"),
        max_length=10,
        blank=True,
        default="",
        db_default="",
        choices=[
            (Subscribed.NONE.value, pgettext_lazy("subscription", "none")),
            (Subscribed.ACTIVE.value, pgettext_lazy("subscription", "active")),
            (Subscribed.TRIAL.value, pgettext_lazy("subscription", "trial")),
            (Subscribed.ENDING.value, pgettext_lazy("subscription", "ends")),
            (Subscribed.UNPAID.value, pgettext_lazy("subscription", "unpaid")),
            (Subscribed.PAUSED.value, pgettext_lazy("subscription", "paused")),
        ],
    )
    #: The last entry of the journal that is in UserUsage and Usage.
    summed = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        default_permissions = ()
        permissions = [
            ("view_any", "Can see any user's activity and tokens"),
            ("act_for_any", "Can act and spend tokens for any user"),
            ("manage_tokens", "Can grant and adjust tokens, set plans and reset users"),
        ]
        verbose_name = _("user's tokens")
        verbose_name_plural = _("users' tokens")
        # Of the admin's list: each of its orders, and its filters.
        indexes = [
            models.Index(fields=[name, "user_id"], name=f"usertokens_by_{name}")
            for name in ("name", "joined", "seen", "plan", "balance", "debt", "subscription")
        ]

    def __str__(self) -> str:
        return self.name


class DayOfUse(models.Model):
    """What was used on a day of the site, by action; added up from the journals: see services/rollup.py.

    action: "" for what named none. count: how often; quantity: of units; spent: tokens.
    """

    id = models.BigAutoField(primary_key=True)
    date = models.DateField()
    action = models.CharField(max_length=LONGEST_ACTION, blank=True)
    count = models.BigIntegerField(default=0)
    quantity = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class Usage(DayOfUse):
    """That of all users. Rows are never lowered: they stay when a user is forgotten."""

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("usage of tokens")
        verbose_name_plural = _("usage of tokens")
        constraints = [models.UniqueConstraint(fields=["date", "action"], name="usertokens_usage_once")]

    def __str__(self) -> str:
        return f"{self.date} {self.action}: {self.spent}"


class UserUsage(DayOfUse):
    """That of one user."""

    user_id = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user_id", "date", "action"], name="usertokens_use_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.date} {self.action}: {self.spent}"


class StaffAction(models.Model):
    """The key of a form that a member of staff has sent: it is carried out once. Who did what is in the admin's log."""

    key = models.CharField(max_length=64, primary_key=True)
    at = MomentField(auto_now_add=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.key


class Conversation(models.Model):
    """A saved conversation. Its uuid is unique for one user: two users may have the same."""

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4)
    user_id = models.CharField(max_length=64)
    summary = models.CharField(_("summary"), max_length=280)
    messages = models.JSONField(_("messages"), default=list)
    at = MomentField(_("at"))

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [models.UniqueConstraint(fields=["user_id", "uuid"], name="usertokens_conversation_once")]
        indexes = [models.Index(fields=["user_id", "-at", "-id"], name="usertokens_conversation_at")]

    def __str__(self) -> str:
        return self.summary


class ConversationTally(models.Model):
    """A user's number of conversations. Its row is locked while one is saved, so the store gets the saves in order.

    imported: conversations of an older site, without their texts.
    """

    user_id = models.CharField(max_length=64, primary_key=True)
    saved = models.PositiveBigIntegerField(default=0)
    imported = models.PositiveBigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.saved + self.imported}"


class ArchivedEntry(models.Model):
    """An archived journal entry; see `types.Transaction`. Never changed."""

    id = models.BigAutoField(primary_key=True)
    user_id = models.CharField(max_length=64)
    entry = models.PositiveBigIntegerField()
    at = MomentField()
    type = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    reason = models.TextField(blank=True)
    key = models.TextField(blank=True)
    actor = models.CharField(max_length=150, blank=True)
    moves = models.JSONField(default=list)
    used = models.JSONField(default=list)
    action = models.CharField(max_length=LONGEST_ACTION, blank=True, default="", db_default="")
    quantity = models.PositiveBigIntegerField(default=0, db_default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user_id", "entry"], name="usertokens_entry_once")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.entry}"


class DatabaseId(models.Model):
    """The database's own id, in its only row (1): the store's accounts carry it too, see services/databases.py."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    uuid = models.UUIDField(default=uuid.uuid4)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.uuid.hex


class OutgoingMail(models.Model):
    """A mail to a user. Its text is made when it is sent, to the address that the user has then; neither is stored."""

    STATES = [
        (MailState.WAITING.value, _("waiting")),
        (MailState.SENDING.value, _("being sent")),
        (MailState.SENT.value, _("sent")),
        (MailState.SKIPPED.value, _("not sent")),
        (MailState.FAILED.value, _("failed")),
    ]
    id = models.BigAutoField(primary_key=True)
    user_id = models.CharField(_("user"), max_length=64, db_index=True)
    kind = models.CharField(_("kind"), max_length=30)
    # Of the event that it tells of: one mail for each.
    key = models.CharField(_("event"), max_length=255)
    data = models.JSONField(default=dict)
    language = models.CharField(_("language"), max_length=20)
    state = models.CharField(_("state"), max_length=10, choices=STATES, default=MailState.WAITING.value)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    note = models.CharField(_("what went wrong"), max_length=60, blank=True)
    created_at = MomentField(_("made at"))
    # waiting: earliest time of the next try. sending: end of the claim; after it another worker takes the mail.
    due_at = MomentField(_("due at"))
    sent_at = MomentField(_("sent at"), null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-id")
        default_permissions = ("view",)
        permissions = [("retry_mail", "Can send failed mails again")]
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="usertokens_mail_once")]
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="usertokens_mail_due"),
            # Of the admin's list: its order, and the same for each of its filters.
            models.Index(fields=["created_at", "id"], name="usertokens_mail_time"),
            models.Index(fields=["state", "created_at", "id"], name="usertokens_mail_state"),
            models.Index(fields=["kind", "created_at", "id"], name="usertokens_mail_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class MailChoice(models.Model):
    """Whether a user gets a kind of mail; without a row the kind's own default holds."""

    id = models.BigAutoField(primary_key=True)
    user_id = models.CharField(max_length=64)
    kind = models.CharField(max_length=30)
    is_on = models.BooleanField()
    changed_at = MomentField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user_id", "kind"], name="usertokens_choice_once")]
        indexes = [models.Index(fields=["kind", "is_on"], name="usertokens_choice_kind")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


class MailLanguage(models.Model):
    """The language of a user's mails: that of the last log-in, until the user has chosen one."""

    user_id = models.CharField(max_length=64, primary_key=True)
    language = models.CharField(max_length=20)
    is_chosen = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.language}"


class EventCursor(models.Model):
    """The last entry of a user's journal that was emitted as an event. Only while a receiver wants journals."""

    user_id = models.CharField(max_length=64, primary_key=True)
    entry = models.BigIntegerField(default=-1)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.entry}"
