"""Every user's own page: activity, mood, streaks, and a token ledger."""
