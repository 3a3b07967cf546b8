"""Wagtail's starter adopts all four apps by the words of their pages."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adoption import promises
from tests.adoption.conftest import ADOPTION
from tests.adoption.project import Browser, Project
from tests.stripe_fake import FakeStripe

pytestmark = pytest.mark.slow

FILES = {
    "shop/settings.py": "shop/settings/base.py",
    **{f"templates/{app}/base.html": f"shop/templates/{app}/base.html" for app in promises.APPS},
}
#: Wagtail's base.html has blocks `extra_css` and `content` of its own.
_HEAD = (
    "{{% load static %}}{{% block extra_css %}}<link rel='stylesheet' href='{{% static '{}' %}}'>{}{{% endblock %}}\n"
)
INSTEAD = {
    "templates/base.html": None,
    "templates/home.html": None,
    "templates/landing.html": None,
    "templates/stats/base.html": '{% extends "base.html" %}\n',
    "templates/codetags/base.html": '{% extends "base.html" %}\n',
    "templates/billing/base.html": '{% extends "base.html" %}\n' + _HEAD.format("billing/billing.css", ""),
    "templates/usertokens/base.html": '{% extends "base.html" %}\n'
    + _HEAD.format("usertokens/usertokens.css", "{% block live %}{% endblock %}"),
}
ADMIN = "/django-admin"


def change(path: Path, *changes: tuple[str, str]) -> None:
    """Put the tags of an app into a template of the project's own."""
    text = path.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    path.write_text(text)


@pytest.fixture
def starter(other_interpreter: Path, tmp_path: Path) -> Iterator[Project]:
    """What `wagtail start` makes."""
    subprocess.run([str(ADOPTION / "bin/wagtail"), "start", "shop", "."], cwd=tmp_path, check=True, capture_output=True)
    with Project(other_interpreter, tmp_path, settings="shop/settings/base.py", is_kept=True) as made:
        yield made


def test_all_four_apps(starter: Project) -> None:
    with FakeStripe() as stripe:
        starter.environment |= promises.stripe_for(stripe, f"{starter.url}/api/webhooks/stripe")
        base, home = starter.home / "shop/templates/base.html", starter.home / "home/templates/home/home_page.html"
        starter.follow("stats.md", files=FILES, instead=INSTEAD)
        change(base, ("{% load static ", "{% load stats static "), ("</head>", "{% stats_scripts %}</head>"))
        cards = "{% block content %}{% stats_cards %}<b data-track-tool='calculator'>+</b>"
        change(home, ("{% load static %}", "{% load static stats %}"), ("{% block content %}", cards))
        starter.follow("codetags.md", files=FILES, instead=INSTEAD)
        change(
            base,
            ("{% load ", "{% load codetags "),
            ("</head>", "{% codetags_landing %}{% cookie_notice_head %}</head>"),
            ("</body>", "{% codetags_landing_pixel %}{% cookie_notice %}</body>"),
        )
        starter.follow("tokens.md", files=FILES, instead=INSTEAD)
        starter.follow("billing.md", files=FILES, instead=INSTEAD)
        for terminal in starter.typed.keys() - {"createsuperuser"}:
            starter.open(terminal)
        starter.wait("/pricing")
        visitor, staff = Browser(starter), Browser(starter)
        promises.visits(visitor)
        promises.landings(visitor)
        staff.log_in(f"{ADMIN}/login/")
        promises.tokens(staff)
        promises.purchases(staff)
        promises.visits_in_the_admin(staff, ADMIN)
        promises.landings_in_the_admin(staff, ADMIN)
        promises.tokens_in_the_admin(staff, "1", ADMIN)
        promises.purchases_in_the_admin(staff, ADMIN)
        assert "Wagtail" in staff.get("/admin/")
        assert "css/shop.css" in staff.get("/dashboard")  # the pages are in the project's own design
        assert "css/shop.css" in visitor.get("/pay")
    # One is deleted in Wagtail's way, whose receivers come along.
    starter.run("manage.py", "shell", "-c", promises.LEAVES)
