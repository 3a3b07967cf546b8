"""`manage.py usertokens_explain USER`: says what makes up a user's balance, at any moment, and proves the sum."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any, NoReturn

from django.core.management.base import CommandError

from kv.management.base import StoreCommand
from usertokens.errors import AccountClosed, MomentInFuture, NoLedgerYet
from usertokens.services.accounts import is_known
from usertokens.services.explanation_texts import MOST, to_json, to_lines
from usertokens.services.explanations import explain_balance, read_at
from usertokens.types.explanations import Explanation

#: Of what can't be answered; 1 is an answer that is not proved.
_NO_ANSWER = 2


class Command(StoreCommand):
    """Grants, spends, holds and rules behind a balance, and whether the sums are equal."""

    help = (
        "Say which grants, spends, holds and rules make up a user's balance, at present or at any moment, and prove "
        "the sum from the journal and its archive. What is due is done first, as by every call. "
        "Exit status 0 when the sum is proved, 1 when it is not, 2 when there is no answer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """USER --at --json --all."""
        parser.add_argument("user", help="the user's id")
        parser.add_argument(
            "--at",
            metavar="TIME",
            help="a moment, such as 2026-11-29T14:30:00+01:00; without a zone in TIME_ZONE; a date alone is its end, "
            "today's the present. Entries of that moment are included. Default: the present",
        )
        parser.add_argument("--json", action="store_true", help="write all of it as JSON")
        parser.add_argument("--all", action="store_true", help="list every grant, also those without tokens")

    def handle(self, *args: Any, user: str, at: str | None, json: bool, **options: Any) -> None:
        """Write it. Raises CommandError."""
        found = _explain(user, at)
        if json:
            self.stdout.write(_dumps(to_json(found)))
        else:
            for line in to_lines(found, most_over=None if options["all"] else MOST):
                self.stdout.write(line)
        if not found.is_proved:
            raise CommandError(f"The balance of user {user} is not proved; see above.", returncode=1)


def _explain(user: str, at: str | None) -> Explanation:
    try:
        return explain_balance(user, at=_moment(at)) if is_known(user) else _no_answer(f"There is no user {user}.")
    except ValueError as error:
        _no_answer(str(error))
    except AccountClosed:
        _no_answer(f"The account of user {user} was closed; nothing of it is kept.")
    except MomentInFuture as error:
        _no_answer(f"--at: {at} has not come yet; it is {error.present.isoformat()}.")
    except NoLedgerYet as error:
        if error.first_at:
            _no_answer(f"User {user} had no tokens at {at}. The first entry is of {error.first_at.isoformat()}.")
        _no_answer(f"User {user} has no tokens yet. They come with the first visit or call.")


def _no_answer(text: str) -> NoReturn:
    raise CommandError(text, returncode=_NO_ANSWER) from None


def _moment(at: str | None) -> datetime | None:
    try:
        return None if at is None else read_at(at)
    except ValueError as error:
        raise ValueError(f"--at: {error}; write it as 2026-11-29T14:30:00+01:00") from error


def _dumps(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)
