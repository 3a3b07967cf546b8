"""All decisions of the app. What other apps may rely on, besides `types` and `errors`:

`plans.apply_plan(user_id, plan, periods=(), *, by_calendar=False, version, now=None) -> bool`
    Set the plan as it was at `version`, a number that only grows for one user. An older version changes nothing and
    answers False, and so does a closed account. The same version again changes nothing more and answers True.
    periods: the provider's periods that are not over (`types.PaidPeriod`); by_calendar: calendar months of the site.

`purchases.grant_tokens(*, user_id, amount, reason, key, expires_at=None, priority=BOUGHT, actor="", now=None)`
    Grant bought tokens under `key`, which is remembered for ever: the same key and amount again answers the first
    answer.
`purchases.reverse_grant(*, user_id, source_key, amount_total, key="", reason=…, now=None)`
    Set what has been taken back, in all, of the grant made under `source_key`: only grows, at most the grant. What is
    spent already is taken from the rest of the balance, and beyond that becomes debt.
`purchases.restore_grant(*, user_id, source_key, amount_total, key="", reason=…, now=None)`
    Set the same total, only downwards: a refund failed after all.
`purchases.freeze_grant(*, user_id, source_key, reason=…, now=None)` and `purchases.unfreeze_grant(…)`
    Take what is left of the grant out of the balance while it is disputed, and put it back.

The four of them answer a `types.SourceState(applied, amount, taken_back, frozen, balance, debt)`; `applied` is False
when
nothing changed. For a closed account (see `signals.account_closing`) they change nothing and answer None. They raise
`errors.UnknownSource` for a key that granted nothing, `errors.IdempotencyConflict` for a key that granted something
else.

`signals.account_closing` is sent with `user_id` before anything of an account is deleted; a receiver that raises
stops it.
"""
