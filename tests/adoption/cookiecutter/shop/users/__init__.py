"""Users with an e-mail address for a name and a UUID for a key."""
