"""The app's tables: conversations, archived journal entries and the database's own id; and its permissions."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from kv.managers import TablelessManager
from kv.model_fields import MomentField


class TokenLedger(models.Model):
    """Has no table: it carries the app's permissions and its entry in the admin."""

    objects = TablelessManager()

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("view_any", "Can see any user's activity and tokens"),
            ("act_for_any", "Can act and spend tokens for any user"),
            ("manage_tokens", "Can grant and adjust tokens, set plans and reset users"),
        ]
        verbose_name = _("user's tokens")
        verbose_name_plural = _("users' tokens")

    def __str__(self) -> str:
        return str(self._meta.verbose_name)


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
