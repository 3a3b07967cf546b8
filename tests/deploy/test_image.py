"""The Dockerfile's steps without Docker: its files alone, a user without rights, a tree that can't be written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from tests.faults.servers import wait_until
from tests.house.tree import ROOT
from tests.ports import free_port

#: Root without the rights that let it write where nobody may: the interpreter of a developer may be in root's home.
WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")


def copy_context(target: Path) -> None:
    """What .dockerignore lets in."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo", ".env*"))
        else:
            shutil.copy(source, target / name)


def build_command() -> str:
    """The second RUN of the build, with our own paths."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return next(line for line in text.splitlines() if line.startswith("RUN find ")).removeprefix("RUN ")


def variables() -> dict[str, str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    (last,) = [line for line in text.splitlines() if line.startswith("ENV ")]
    return dict(re.findall(r"([A-Z_]+)=(\S+)", last))


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_the_steps_of_the_image() -> None:
    top = Path(tempfile.mkdtemp(prefix="ch-"))
    app, data, port = top / "app", top / "data", free_port()
    try:
        top.chmod(0o755)
        app.mkdir(mode=0o755)
        copy_context(app)
        venv = Path(sys.prefix)
        # Our own virtual environment has its bytecode already.
        places = {"/opt/venv /app": app, "/opt/venv": venv, "/app": app, "/tmp/build": top / "build"}
        command = re.sub(
            "/opt/venv /app|/opt/venv|/app|/tmp/build", lambda found: str(places[found[0]]), build_command()
        )
        subprocess.run(
            ["/bin/sh", "-ec", command], cwd=app, check=True, timeout=300, env={"PATH": os.environ["PATH"]},
            capture_output=True,
        )  # fmt: skip
        assert not (top / "build").exists()
        assert (app / "staticfiles/.collected").is_file()
        assert (app / "locale/fr/LC_MESSAGES/django.mo").is_file()
        subprocess.run(["chmod", "-R", "a+rX,a-w", str(app)], check=True)
        secrets = [path for path in app.rglob("*") if path.name in ("secret_key", "visitor_hash_key", ".env")]
        assert secrets == []
        data.mkdir(mode=0o700)
        before = {path: path.stat().st_mtime_ns for path in app.rglob("*")}
        _serve(app, data, port)
        assert {path: path.stat().st_mtime_ns for path in app.rglob("*")} == before
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(top)], check=True)
        shutil.rmtree(top)


def _serve(app: Path, data: Path, port: int) -> None:
    """As the image does, until it answers, then SIGTERM."""
    environment = {
        **variables(), "PATH": os.environ["PATH"], "DATA_DIR": str(data), "STATIC_ROOT": f"{app}/staticfiles",
        "HOST": "127.0.0.1", "PORT": str(port), "HOME": str(data), "SITE_URL": f"http://127.0.0.1:{port}",
    }  # fmt: skip
    command = [*(WITHOUT_RIGHTS if os.geteuid() == 0 else ()), sys.executable]
    output = data.parent / "output"
    with output.open("w") as written:
        process = subprocess.Popen(
            [*command, "manage.py", "serve"], cwd=app, env=environment, stdout=written, stderr=written,
            start_new_session=True,
        )  # fmt: skip
        try:
            wait_until(lambda: answers(port) or process.poll() is not None, 120)
            assert process.poll() is None, output.read_text()
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/fr/", timeout=30) as response:
                page = response.read().decode()
            (style,) = re.findall(r'href="(/static/[^"]+\.css)"', page)[:1]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{style}", timeout=30) as response:
                assert response.status == 200
        finally:
            process.terminate()
            process.wait(60)
    assert process.returncode == 0, output.read_text()
    assert "Static files collected" not in output.read_text()
