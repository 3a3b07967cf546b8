"""How anything here reaches Redis."""
