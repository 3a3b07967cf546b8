"""Signals of the app, for observers that may be absent."""

from django.dispatch import Signal

#: Sent with user_id (str) before anything of an account is deleted. A receiver that raises stops the deletion.
account_closing = Signal()
#: Sent with user_id (str) and balance (int) once for each fall of a balance to LOW_BALANCE or under it.
low_balance = Signal()
