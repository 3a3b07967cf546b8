"""Makes the pictures of README.md: `make pictures`. Serves a site of its own with sample data for them.

docs/pictures/: each page in light and dark, a short recording, and the badges, which tests/house/test_pictures.py holds
against pyproject.toml. Then the icons and pictures that docs/shared_pictures.py draws.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

sys.path.insert(0, os.fspath(Path(__file__).resolve().parent.parent))
from docs.shared_pictures import draw_all
from tests.stripe_fake.server import FakeStripe

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs/pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTH, HEIGHT = 1120, 760
PASSWORD = secrets.token_urlsafe(15)
COLOURS = 128


def main() -> None:
    """Write everything into docs/pictures/."""
    PICTURES.mkdir(exist_ok=True)
    write_badges()
    with served_site() as address, sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, BROWSERS)), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            take_pages(browser, address, scheme)
        record(browser, address)
        draw_all(browser)
        browser.close()


def take_pages(browser: Browser, address: str, scheme: str) -> None:
    """home, pricing, dashboard and the campaign codes of the staff, in one colour scheme."""
    for user, pages in (("", {"home": "/", "pricing": "/pricing"}), ("ada", {"dashboard": "/dashboard"})):
        page = open_page(browser, address, scheme, user)
        for name, path in pages.items():
            page.goto(address + path, wait_until="networkidle")
            shoot(page, f"{name}-{scheme}")
    page = open_page(browser, address, scheme, "admin")
    page.goto(f"{address}/admin/codetags/codecount/", wait_until="networkidle")
    shoot(page, f"codes-{scheme}")


def record(browser: Browser, address: str) -> None:
    """A payment code is made, and the home page has counted it: docs/pictures/recording.gif."""
    page = open_page(browser, address, "light", "", scale=1)
    frames: list[tuple[Image.Image, int]] = []

    def keep(milliseconds: int) -> None:
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB").resize((WIDTH * 5 // 7, HEIGHT * 5 // 7))
        frames.append((picture, milliseconds))

    page.goto(address, wait_until="networkidle")
    keep(1800)
    page.goto(f"{address}/pay", wait_until="networkidle")
    keep(900)
    for name, text in (
        ("beneficiary", "Bakery Ltd"),
        ("iban", "DE89370400440532013000"),
        ("amount", "12.50"),
        ("remittance_text", "Order 2117"),
    ):
        field = page.locator(f"form [name={name}]")
        if field.count():
            field.fill(text)
            keep(500)
    page.locator("main form [type=submit], main form button").first.click()
    page.wait_for_load_state("networkidle")
    keep(2400)
    page.goto(address, wait_until="networkidle")
    keep(2600)
    first, *others = (picture.quantize(COLOURS, dither=Image.Dither.NONE) for picture, _ in frames)
    first.save(
        PICTURES / "recording.gif", save_all=True, append_images=others, duration=[ms for _, ms in frames], loop=0,
        optimize=True,
    )  # fmt: skip
    page.context.close()


def open_page(browser: Browser, address: str, scheme: str, user: str, scale: float = 1.5) -> Page:
    """A page of a visitor who has answered the notice about cookies; logged in when there is a user."""
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=scale, locale="en-GB",
        color_scheme="dark" if scheme == "dark" else "light",
    )  # fmt: skip
    page = context.new_page()
    page.goto(address, wait_until="networkidle")
    page.locator(".cookie-notice button").first.click()
    if user:
        page.goto(f"{address}/admin/login/?next=/" if user == "admin" else f"{address}/accounts/login")
        page.fill("[name=username]", user)
        page.fill("[name=password]", PASSWORD)
        page.locator("[name=password]").press("Enter")
        expect(page).not_to_have_url(re.compile("login"))
    return page


def shoot(page: Page, name: str) -> None:
    """The window as it is, in few colours: text stays sharp and the file small."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURES / f"{name}.png", optimize=True)


def badges() -> dict[str, tuple[str, str]]:
    """file → what it says and its value, from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    versions = {"Python": list[str](), "Django": list[str]()}
    for line in project["classifiers"]:
        if found := re.fullmatch(r"(?:Programming Language :: (Python)|Framework :: (Django)) :: (\d+\.\d+)", line):
            versions[found[1] or found[2]].append(found[3])
    return {
        "python": ("Python", " · ".join(versions["Python"])),
        "django": ("Django", " · ".join(versions["Django"])),
        "types": ("types", "mypy strict"),
        "licence": ("licence", project["license"]),
    }


def write_badges() -> None:
    """The badges as files of our own: a page of ours fetches nothing from elsewhere."""
    for name, (label, value) in badges().items():
        (PICTURES / f"badge-{name}.svg").write_text(badge(label, value))


def badge(label: str, value: str) -> str:
    """One badge as SVG."""
    left, right = 14 + 6.6 * len(label), 14 + 6.6 * len(value)
    text = 'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#fff"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:.0f}" height="20" role="img" '
        f'aria-label="{escape(label)}: {escape(value)}">'
        f'<rect width="{left + right:.0f}" height="20" rx="3" fill="#0f766e"/>'
        f'<path d="M3 0h{left - 3:.1f}v20h-{left - 3:.1f}a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#374151"/>'
        f'<text x="7" y="14" textLength="{left - 14:.1f}" {text}>{escape(label)}</text>'
        f'<text x="{left + 7:.1f}" y="14" textLength="{right - 14:.1f}" {text}>{escape(value)}</text></svg>\n'
    )


@contextmanager
def served_site(root: Path = ROOT) -> Iterator[str]:
    """A site with sample data in a directory that is gone afterwards; the address. root: whose code it runs."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ch-") as directory, FakeStripe() as stripe:
        made = stripe.stock()
        environment = {
            **os.environ, "DATA_DIR": directory, "PORT": str(port), "SITE_URL": f"http://127.0.0.1:{port}",
            "RATE_LIMITS": "off", "KV_TIMEOUT_MS": "5000",
            "TOKEN_ACTIONS": "article=3,image=10,gpt:input=2/1000,gpt:output=8/1000",
            "STRIPE_SECRET_KEY": "sk_test_fake", "STRIPE_WEBHOOK_SECRET": "whsec_fake",
            "STRIPE_API_BASE": stripe.url, "STRIPE_PRODUCT_PLUS": made["plus"],
            "STRIPE_PRODUCT_PREMIUM": made["premium"],
            "BILLING_TOPUPS": f"1000={made['topup_1000']},5000={made['topup_5000']}",
        }  # fmt: skip
        for code in (["demo"], ["shell", "-c", USERS]):
            subprocess.run(
                [sys.executable, "manage.py", *code],
                cwd=root, env={**environment, "PASSWORD": PASSWORD}, check=True, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        site = subprocess.Popen(
            [sys.executable, "manage.py", "serve"], cwd=root, env=environment, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        )  # fmt: skip
        lines = site.stdout or iter(())
        try:
            if not any(line.startswith("Serving") for line in lines):
                raise SystemExit("The site did not start; what it wrote above says why.")
            yield f"http://127.0.0.1:{port}"
        finally:
            site.send_signal(signal.SIGINT)
            list(lines)
            site.wait(30)


#: A sample user and an administrator who can log in.
USERS = """
import os
from django.contrib.auth import get_user_model
users = get_user_model().objects
users.create_superuser("admin", password=os.environ["PASSWORD"])
user = users.get(username="ada")
user.set_password(os.environ["PASSWORD"])
user.save()
"""

if __name__ == "__main__":
    main()
