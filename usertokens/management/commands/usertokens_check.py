"""`manage.py usertokens_check`: checks every ledger."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from kv.sql.batches import in_batches
from usertokens.checks import foreign_database
from usertokens.services import databases
from usertokens.services.audits import check_ledgers
from usertokens.services.conversations import find_drifted, repair_conversations
from usertokens.services.rollup import find_drifted_usage, repair_usage
from usertokens.services.user_ids import iterate_active_users, iterate_users


class Command(StoreCommand):
    """Every ledger adds up, usage and conversations are as they were, and the accounts are those of this database."""

    help = (
        "Check every ledger: the balance must be the rest of the grants minus the debt, and the sum of the journal and "
        "its archive. Compare every user's usage with the journal, and the count and the newest of conversations with "
        "the database; --repair corrects both. "
        "Say when the store's accounts belong to the users of another database. "
        "Exit status 1 when something is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """[user …] --repair --accept-database."""
        parser.add_argument("user", nargs="*", help="ids of users (default: all)")
        parser.add_argument(
            "--repair",
            action="store_true",
            help="set the conversations in the store from the database, and usage from the journal",
        )
        parser.add_argument(
            "--accept-database",
            action="store_true",
            help="this database's users are those whose accounts are in the store, although it has another id",
        )

    def handle(self, *args: Any, user: list[str], repair: bool, accept_database: bool, **options: Any) -> None:
        """Print every problem. Raises CommandError (exit status 1) when there is one."""
        if accept_database:
            databases.accept_database()
        foreign = databases.claim_store()
        if foreign:
            self.stdout.write(str(foreign_database(foreign)))
        checked = wrong = drifted = 0
        with self.meter(len(user) or None, "Checking ledgers", "accounts") as meter:
            for batch in in_batches(user or iterate_users()):
                for report in check_ledgers(batch):
                    wrong += bool(report.problems)
                    for problem in report.problems:
                        self.stdout.write(f"user {report.user_id}: {problem}")
                checked += len(batch)
                meter.advance(len(batch))
        with self.meter(len(user) or None, "Checking conversations", "users") as meter:
            for batch in in_batches(user or iterate_active_users()):
                for user_id in find_drifted(batch):
                    drifted += 1
                    if repair:
                        repair_conversations(user_id)
                    self.stdout.write(f"user {user_id}: conversations {'repaired' if repair else 'differ'}")
                meter.advance(len(batch))
        used = self._check_usage(user, repair=repair)
        differed = f"conversations of {drifted} users and usage of {used} differed"
        self.stdout.write(f"{checked} ledgers checked, {wrong} wrong; {differed}")
        if foreign or wrong or ((drifted or used) and not repair):
            raise CommandError("There are problems; see above.")

    def _check_usage(self, user: list[str], *, repair: bool) -> int:
        """Print every user whose usage differs from the journal; how many."""
        found = 0
        with self.meter(len(user) or None, "Checking usage", "users") as meter:
            for batch in in_batches(user or iterate_users()):
                for user_id in find_drifted_usage(batch):
                    found += 1
                    if repair:
                        repair_usage(user_id)
                    self.stdout.write(f"user {user_id}: usage {'repaired' if repair else 'differs'}")
                meter.advance(len(batch))
        return found
