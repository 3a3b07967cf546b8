"""The app's logic. Public for other apps, besides `types` and `errors`:

`plans.apply_plan(user_id, plan, periods=(), *, by_calendar=False, version, now=None) -> bool`
    Set the plan as it was at `version`, a number that only grows for one user. An older version changes nothing and
    returns False, and so does a closed account. The same version again changes nothing and returns True.
    periods: the provider's periods that are not over (`types.PaidPeriod`); by_calendar: calendar months of the site.

`purchases.grant_tokens(*, user_id, amount, reason, key, expires_at=None, priority=BOUGHT, actor="", now=None)`
    Grant bought tokens under `key`, which is stored for ever: the same key and amount again returns the first result.
`purchases.reverse_grant(*, user_id, source_key, amount_total, key="", reason=…, now=None)`
    Set the total that is taken back of the grant under `source_key`. It only grows, up to the whole grant. Tokens that
    are spent already are taken from the rest of the balance; what is missing becomes debt.
`purchases.restore_grant(*, user_id, source_key, amount_total, key="", reason=…, now=None)`
    Lower the same total: a refund has failed.
`purchases.freeze_grant(*, user_id, source_key, reason=…, now=None)` and `purchases.unfreeze_grant(…)`
    Take the rest of the grant out of the balance while the payment is disputed, and put it back.

All of `purchases` return `types.SourceState`, in which `applied` is False when nothing changed. For a closed account
(see `signals.account_closing`) they change nothing and return None. They raise `errors.UnknownSource` for an unknown
key and `errors.IdempotencyConflict` for a key that granted something else.

`signals.account_closing` is sent with `user_id` before an account is deleted; a receiver that raises
stops the deletion.
"""
