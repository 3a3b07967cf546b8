"""A project as the known cookiecutters make it adopts all four apps by the words of their pages.

E-mail users with a UUID for a key, DRF with defaults of its own, Celery, a base.html that knows none of our blocks, no
translations, everything under /shop/, ASGI.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adoption import promises
from tests.adoption.project import Browser, Project
from tests.stripe_fake import FakeStripe

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "cookiecutter"
SETTINGS = "config/settings/base.py"
FILES = {
    "shop/settings.py": SETTINGS,
    "shop/urls.py": "config/urls.py",
    **{f"templates/{name}": f"shop/templates/{name}" for name in ("home.html", "landing.html")},
    **{f"templates/{app}/base.html": f"shop/templates/{app}/base.html" for app in promises.APPS},
}
#: In this project's own list of patterns, under its prefix.
NAMES = {"urlpatterns": "shop_patterns", '"/pricing"': '"/shop/pricing"'}


def framed(head: str, body: str = "") -> str:
    """The frame of an app's pages, in the blocks that this base.html has."""
    return (
        '{% extends "base.html" %}{% load static stats %}'
        "{% block page_title %}{% block title %}{% endblock %}{% endblock %}"
        f"{{% block styles %}}{{{{ block.super }}}}{head}{{% endblock %}}"
        f"{{% block main %}}{{% block content %}}{{% endblock %}}{body}{{% endblock %}}\n"
    )


HOME = """{% extends "base.html" %}{% load stats codetags %}
{% block styles %}{% stats_scripts %}{% codetags_landing %}{% cookie_notice_head %}{% endblock %}
{% block main %}{% stats_cards %}<b data-track-tool="calculator">+</b>
{% codetags_landing_pixel %}{% cookie_notice %}{% endblock %}
"""
INSTEAD = {
    "templates/base.html": None,
    "templates/home.html": HOME,
    "templates/landing.html": None,
    "templates/stats/base.html": framed("{% stats_scripts %}"),
    "templates/codetags/base.html": framed("{% load codetags %}{% cookie_notice_head %}", "{% cookie_notice %}"),
    "templates/usertokens/base.html": framed("{% block live %}{% endblock %}"),
    "templates/billing/base.html": framed("{% block head %}{% endblock %}"),
}
TOKEN = """
from django.contrib.auth import get_user_model
from rest_framework.authtoken.models import Token
print("token", Token.objects.create(user=get_user_model().objects.get(email="root@example.org")).key)
"""


@pytest.fixture
def project(other_interpreter: Path, tmp_path: Path) -> Iterator[Project]:
    shutil.copytree(HERE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    served = ("-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port")
    with Project(other_interpreter, tmp_path, settings=SETTINGS, is_kept=True, server=served) as made:
        made.run("manage.py", "makemigrations", "users")
        yield made


def test_all_four_apps(project: Project) -> None:
    with FakeStripe() as stripe:
        project.environment |= promises.stripe_for(stripe, f"{project.url}/shop/api/webhooks/stripe")
        for page in promises.PAGES:
            project.follow(page, files=FILES, instead=INSTEAD, names=NAMES)
        for terminal in project.typed.keys() - {"createsuperuser"}:
            project.open(terminal)
        celery = ("-m", "celery", "-A", "config", "worker", "--pool", "prefork", "--concurrency", "1")
        project.start(str(project.interpreter), *celery, name="celery")
        project.wait("/shop/pricing")
        visitor, staff = Browser(project, "/shop"), Browser(project, "/shop")
        promises.visits(visitor)
        promises.landings(visitor)
        staff.log_in(name="root@example.org")
        user_id = staff.call("/api/dashboard", method="GET")["user_id"]
        promises.tokens(staff)
        promises.purchases(staff)
        promises.visits_in_the_admin(staff)
        promises.landings_in_the_admin(staff)
        promises.tokens_in_the_admin(staff, user_id)
        promises.purchases_in_the_admin(staff)
        assert all("ours.css" in staff.get(path) for path in ("/dashboard", "/pay", "/cookies", "/pricing"))
        spends_in_celery(project, staff)
        by_a_token(project)
    project.run("manage.py", "shell", "-c", promises.LEAVES)


def spends_in_celery(project: Project, user: Browser) -> None:
    """The async view reads the balance and leaves the work to a task, which spends in a process of Celery's."""
    before = user.call("/article")["before"]
    project.until(lambda: user.call("/api/tokens", method="GET")["balance"], before - 7)


def by_a_token(project: Project) -> None:
    """DRF's TokenAuthentication, as the project has it; refusals keep the shape that the API's description has."""
    said = project.run("manage.py", "shell", "-c", TOKEN)
    program = Browser(project, "/shop")
    refused = program.call("/api/tokens", method="GET")
    assert set(refused) == {"detail", "code"}
    program.headers["Authorization"] = f"Token {said.partition('token ')[2].split()[0]}"
    assert program.call("/api/tokens/spend", {"amount": 1, "reason": "program"})["success"]
