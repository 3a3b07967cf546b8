"""Follows README.md word for word in a project that `startproject` made, and prints what it does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
BLOCK = re.compile(r"```(?:python|django)\n(?:# |\{# )(shop/\S+)(?: #\})?\n(.*?)```", re.DOTALL)
ASK = """
import json, re, sys
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
import kv, stats, usertokens

call_command("kv_check", stdout=sys.stderr)  # and waits for the store, which a busy machine starts slowly
user = get_user_model().objects.create_superuser("ada", password="x")
client = Client()
said = {"from": [module.__file__ for module in (kv, stats, usertokens)]}
said["stranger"] = client.get("/").status_code
client.force_login(user)
page = client.get("/").content.decode()
said["cards"] = page.count("data-figure=")
said["before"] = re.search(r"You have (\\d+) tokens", page)[1]
said["after"] = re.search(r"You have (\\d+) tokens", client.post("/").content.decode())[1]
said["figures"] = client.get("/api/stats").json()
print(json.dumps(said))
"""


def manage(*args: str) -> str:
    run = subprocess.run([sys.executable, "manage.py", *args], capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(run.stderr)
    return run.stdout


def main() -> None:
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", "."], cwd=HERE, check=True)
    blocks = BLOCK.findall(Path(os.environ["README"]).read_text())
    for name, text in blocks:
        path = HERE / name
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if name.endswith("settings.py") else "") + text)
    manage("check")
    manage("migrate", "--verbosity=0")
    settings = HERE / "shop/settings.py"
    settings.write_text(settings.read_text() + '\nALLOWED_HOSTS = ["testserver"]\n')  # what Client calls itself
    said = json.loads(manage("shell", "--no-imports", "-c", ASK).splitlines()[-1])
    manage("kv_stop", "--yes")
    sys.stdout.write(json.dumps({**said, "files": [name for name, _ in blocks]}))


main()
