"""The staff desk: what each app adds to the admin's index and to the page about a user."""
