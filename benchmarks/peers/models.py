"""What a ledger in the ORM needs: a balance to lock, and one row for each movement."""

from __future__ import annotations

from django.db import models


class Balance(models.Model):
    """One user's tokens."""

    user_id = models.CharField(max_length=64, primary_key=True)
    tokens = models.BigIntegerField()

    objects: models.Manager[Balance] = models.Manager()

    class Meta:
        app_label = "peers"

    def __str__(self) -> str:
        return self.user_id


class Movement(models.Model):
    """One entry of the journal; the key makes a repetition harmless."""

    user_id = models.CharField(max_length=64, db_index=True)
    key = models.CharField(max_length=64)
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)

    objects: models.Manager[Movement] = models.Manager()

    class Meta:
        app_label = "peers"
        constraints = [models.UniqueConstraint(fields=["user_id", "key"], name="one_movement_a_key")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.amount}"
