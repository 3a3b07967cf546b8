"""Users of somebody else's kind."""
