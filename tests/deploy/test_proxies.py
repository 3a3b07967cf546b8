"""nginx, HAProxy and Caddy with the files of deploy/proxies, in front of a real site."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.tools import run, tool
from tests.faults.servers import wait_until
from tests.faults.site import BROWSER, Site, own_site
from tests.house.tree import ROOT
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILES = ROOT / "deploy/proxies"
#: What nginx needs around the server block, for a user without rights and a directory of its own.
NGINX = """
daemon off; pid {0}/pid; error_log {0}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {0}/body; proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u;
    scgi_temp_path {0}/s;
    include {0}/site.conf;
}}
"""


def nginx(directory: Path, site: int, port: int) -> tuple[list[str], dict[str, str]]:
    text = (FILES / "nginx.conf").read_text()
    text = text.replace("listen [::]:80;", "").replace("listen 80;", f"listen 127.0.0.1:{port};")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{site}").replace("/var/cache/nginx", f"{directory}/cache")
    (directory / "cache").mkdir()
    (directory / "cache").chmod(0o755)  # its workers are another user
    (directory / "site.conf").write_text(text)
    (directory / "nginx.conf").write_text(NGINX.format(directory))
    return ["nginx", "-p", f"{directory}", "-c", f"{directory}/nginx.conf"], {}


def haproxy(directory: Path, site: int, port: int) -> tuple[list[str], dict[str, str]]:
    text = (FILES / "haproxy.cfg").read_text().replace("bind :80\n", f"bind 127.0.0.1:{port}\n")
    (directory / "haproxy.cfg").write_text(text.replace("127.0.0.1:8000", f"127.0.0.1:{site}"))
    return ["haproxy", "-f", f"{directory}/haproxy.cfg"], {}


def caddy(directory: Path, site: int, port: int) -> tuple[list[str], dict[str, str]]:
    text = "{\n\tadmin off\n}\n" + (FILES / "Caddyfile").read_text()
    (directory / "Caddyfile").write_text(text)
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", f"{directory}/Caddyfile"]
    return command, {
        "SITE_ADDRESS": f"http://127.0.0.1:{port}",
        "UPSTREAM": f"127.0.0.1:{site}",
        "HOME": f"{directory}",
        "XDG_DATA_HOME": f"{directory}",
        "XDG_CONFIG_HOME": f"{directory}",
    }


PROXIES = {"nginx": nginx, "haproxy": haproxy, "caddy": caddy}


class Proxy:
    """A proxy on a port of loopback."""

    def __init__(self, name: str, port: int) -> None:
        self.name, self.port = name, port

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"User-Agent": BROWSER, **(headers or {})})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False


@contextmanager
def in_front_of(site: Site, name: str) -> Iterator[Proxy]:
    with tempfile.TemporaryDirectory(prefix="ch-") as text:
        directory, port = Path(text), free_port()
        directory.chmod(0o755)
        command, variables = PROXIES[name](directory, site.port, port)
        path = tool(command[0])
        with (directory / "output").open("w") as output:
            process = subprocess.Popen(
                [path, *command[1:]], stdout=output, stderr=output, env={**os.environ, **variables}
            )
        proxy = Proxy(name, port)
        try:
            wait_until(lambda: proxy.answers() or process.poll() is not None)
            assert process.poll() is None, (directory / "output").read_text()
            yield proxy
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with own_site() as site:
        yield site


@pytest.fixture(scope="module", params=PROXIES)
def proxy(request: pytest.FixtureRequest, site: Site) -> Iterator[Proxy]:
    tool(request.param)
    with in_front_of(site, request.param) as proxy:
        yield proxy


def visit(proxy: Proxy, **headers: str) -> dict[str, Any]:
    sent = {"Content-Type": "application/json", **headers}
    status, _, body = proxy.ask("POST", "/api/stats/visit", sent, b"{}")
    assert status == 200, body
    found: dict[str, Any] = json.loads(body)
    return found


@pytest.mark.parametrize(
    "forged",
    [
        {"X-Forwarded-For": "198.51.100.1"},
        {"X-Forwarded-For": "198.51.100.2, 198.51.100.3"},
        {"X_Forwarded_For": "198.51.100.4"},
        {"x_forwarded-for": "198.51.100.5"},
        {"X-Forwarded_For": "198.51.100.6"},
        {"X-Forwarded-For": "198.51.100.7", "X_Forwarded_For": "198.51.100.8"},
        {"Forwarded": "for=198.51.100.9", "X-Real-IP": "198.51.100.9", "X-Client-IP": "198.51.100.9"},
    ],
)
def test_a_client_is_who_the_proxy_sees(proxy: Proxy, forged: dict[str, str]) -> None:
    before = visit(proxy)["visitors"]
    assert visit(proxy, **forged) == {"counted": False, "visitors": before, "reason": "seen"}


def test_the_id_of_a_request_comes_back(proxy: Proxy) -> None:
    status, headers, _ = proxy.ask("GET", "/api/usage", {"X-Request-ID": "mine-1"})
    assert status == 200
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", headers["x-request-id"])


def test_a_public_page_is_kept_and_a_private_one_is_not(proxy: Proxy) -> None:
    if proxy.name == "caddy":
        return  # it has no cache
    first, second, mine = (
        proxy.ask("GET", "/pay", headers)[1] for headers in ({}, {}, {"Cookie": "sessionid=0123456789abcdef"})
    )
    if proxy.name == "nginx":
        assert [found["x-cache-status"] for found in (first, second, mine)] == ["MISS", "HIT", "BYPASS"]
    else:
        # A kept answer has the id of the request that it was made for.
        assert first["x-request-id"] == second["x-request-id"] != mine["x-request-id"]
    assert first["cache-control"] == second["cache-control"] == "public, max-age=0, s-maxage=60"
    page = [proxy.ask("GET", "/accounts/login")[1]["x-request-id"] for _ in range(2)]
    assert page[0] != page[1]


def test_no_answer_of_a_write_is_kept(proxy: Proxy) -> None:
    ids = [
        proxy.ask("POST", "/api/track-usage", {"Content-Type": "application/json"}, b'{"tool": "payment-qr"}')[1]
        for _ in range(2)
    ]
    assert ids[0]["x-request-id"] != ids[1]["x-request-id"]


def test_a_large_body_is_refused(proxy: Proxy) -> None:
    size = 2 * 1024 * 1024
    try:
        status = proxy.ask("POST", "/api/stats/visit", {"Content-Type": "application/json"}, b" " * size)[0]
    except (ConnectionResetError, BrokenPipeError):
        return  # refused before it was sent to its end
    # Caddy before 2.7 stops reading, and takes that for a failure of the site.
    assert status in ((413, 502) if proxy.name == "caddy" else (413,))


def test_metrics_are_for_who_may_see_them(proxy: Proxy) -> None:
    assert proxy.ask("GET", "/metrics")[0] == 401


class TestFiles:
    def test_of_haproxy(self) -> None:
        run("haproxy", "-c", "-f", "deploy/proxies/haproxy.cfg")

    def test_of_caddy(self, tmp_path: Path) -> None:
        variables = {"SITE_ADDRESS": "https://example.org", "UPSTREAM": "site:8000", "HOME": str(tmp_path)}
        run("caddy", "validate", "--adapter", "caddyfile", "--config", "deploy/proxies/Caddyfile", env=variables)

    def test_of_nginx(self, tmp_path: Path) -> None:
        command, _ = nginx(tmp_path, 8000, 8080)
        run(command[0], "-t", *command[1:])
