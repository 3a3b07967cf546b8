"""Signals of the app, for optional receivers."""

from django.dispatch import Signal

#: Sent with user_id (str) before an account is deleted. A receiver that raises stops the deletion.
account_closing = Signal()
#: Sent with the user while their data is exported. A receiver returns a dict of what else is kept about the account.
account_exported = Signal()
#: Sent with user_id (str) and balance (int) once for each fall of a balance to LOW_BALANCE or under it.
low_balance = Signal()
