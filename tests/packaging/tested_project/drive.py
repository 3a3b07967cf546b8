"""Fills the real store, runs the project's tests in every way there is, and says what became of the real user 1."""

import json
import os
import subprocess
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402 (after the settings are named)
from django.core.management import call_command  # noqa: E402 (after the settings are named)

import kv  # noqa: E402 (after the settings are named)
import usertokens  # noqa: E402 (after the settings are named)
from kv.store.factories import configured_server  # noqa: E402 (after the settings are named)
from usertokens.services.balances import get_balance  # noqa: E402 (after the settings are named)
from usertokens.services.journal import list_transactions  # noqa: E402 (after the settings are named)
from usertokens.services.purchases import grant_tokens  # noqa: E402 (after the settings are named)

server = configured_server()
assert server is not None
server.ensure(30)
call_command("migrate", verbosity=0)
User.objects.create_user("ada", id=1)
grant_tokens(user_id="1", amount=500, reason="bought", key="real")


def run(*command: str) -> dict[str, object]:
    """The exit status, and what was said."""
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)
    return {"status": done.returncode, "said": done.stdout + done.stderr}


def kept() -> list[int]:
    """Of the real user: the tokens, and how many entries."""
    return [get_balance("1").tokens.balance, len(list_transactions("1").results)]


before = kept()
django_test = ("-m", "django", "test", "-v", "2")
answers = {
    "careless": run(*django_test, "own_tests.Careless"),
    "runner": run(*django_test, "--testrunner", "kv.testing.StoreRunner", "own_tests"),
    "runner, parallel": run(*django_test, "--testrunner", "kv.testing.StoreRunner", "--parallel", "2", "own_tests"),
    "unittest": run(*django_test, "own_tests.Deletes", "own_tests.Charges"),
    "parallel": run(*django_test, "--parallel", "2", "own_tests.Deletes", "own_tests.Charges"),
    "pytest": run("-m", "pytest", "-q", "-p", "no:cacheprovider", "by_pytest.py"),
    "xdist": run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "by_pytest.py"),
    "pytest without the plugin": run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:countinghouse", "by_pytest.py", "-k", "each"
    ),
}
sys.stdout.write(
    json.dumps({"from": [kv.__file__, usertokens.__file__], "before": before, "after": kept(), "runs": answers}) + "\n"
)
server.leave()
