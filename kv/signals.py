"""Signals of the base package, for projects."""

from django.dispatch import Signal

#: Sent with `token` (knox's row) and `text` (the token itself, which is shown once and never kept) by `service_token`.
service_token_made = Signal()
