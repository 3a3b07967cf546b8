"""Database routers as projects have them."""

from typing import Any

APPS = {"usertokens"}


class ReplicaRouter:
    """Reads from the replica."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return "default"

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "default"


class CountsRouter:
    """The tables of `usertokens` are in a database of their own."""

    def db_for_read(self, model: Any, **hints: Any) -> str | None:
        return "counts" if model._meta.app_label in APPS else None

    db_for_write = db_for_read

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return (db == "counts") == (app_label in APPS)


class MainRouter:
    """Everything is in one database that is not called default."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        return "main"

    db_for_write = db_for_read
