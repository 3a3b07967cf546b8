"""Dockerfile, compose.yaml, Kubernetes manifests and systemd units, as far as a machine without containers can tell."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.deploy.tools import run, tool
from tests.house.tree import ROOT

COMPOSE = """
import sys
from compose_spec import _PyOptions
options = _PyOptions()
options.apply_merge = True
found = options.from_yaml(open("compose.yaml").read())
print(sorted(found.to_dict()["services"]))
"""


def test_hadolint_has_nothing_to_say() -> None:
    assert run("hadolint", "Dockerfile").stdout == ""


def test_the_compose_file_is_of_the_specification() -> None:
    tool("honcho")  # of the same place
    python = Path(tool("hadolint")).with_name("python")
    ran = run(str(python), "-c", COMPOSE)
    assert ran.stdout == "['postgres', 'proxy', 'site', 'valkey', 'worker']\n"


def test_docker_compose_reads_it() -> None:
    if "compose" not in run("docker", "--help").stdout:
        pytest.skip("docker has no compose here: the specification's own reader has read the file")
    variables = {
        "SITE_URL": "https://example.org",
        "SECRET_KEY": "x",
        "VISITOR_HASH_KEY": "x",
        "POSTGRES_PASSWORD": "x",
    }
    run("docker", "compose", "config", "--quiet", env=variables)


@pytest.mark.parametrize("version", ["1.30", "1.32", "1.37"])
def test_kubernetes_knows_every_field(version: str, tmp_path: Path) -> None:
    manifests = tmp_path / "all.yaml"
    manifests.write_text(run("kubectl", "kustomize", "deploy/kubernetes").stdout)
    assert len(re.findall(r"^kind:", manifests.read_text(), flags=re.MULTILINE)) == 16
    run("kubernetes-validate", "-k", version, "--strict", "--quiet", str(manifests))


@pytest.mark.parametrize("name", ["countinghouse", "countinghouse-worker"])
def test_systemd_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    for path in (ROOT / "deploy/systemd").iterdir():
        text = path.read_text().replace("/srv/countinghouse/.venv/bin/python", "/bin/true")
        (tmp_path / path.name).write_text(text)
    assert run("systemd-analyze", "verify", str(tmp_path / f"{name}.service")).stdout == ""
    exposure = run(
        "systemd-analyze", "security", "--offline=true", "--no-pager", str(tmp_path / f"{name}.service")
    ).stdout
    level = re.search(r"exposure level for \S+: ([\d.]+)", exposure)
    assert level
    assert float(level[1]) < 3
