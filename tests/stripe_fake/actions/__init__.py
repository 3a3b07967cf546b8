"""What happens at Stripe, by what it is about; `Desk` has all of it."""
