"""Bookmarks: every page that a release had is still there, or leads on to what took its place."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from codetags.models import CodeTag

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store")]

#: Pages of 0.2.0 that answer a GET, with the parameters that its links had.
PAGES_OF_0_2 = (
    "/", "/en/pay", "/en/", "/pay", "/statistics", "/cookies", "/privacy", "/cookies/settings",
    "/cookies/settings?next=/pay", "/pricing", "/pricing/checkout", "/pricing/portal", "/pricing/return", "/dashboard",
    "/dashboard/history", "/dashboard/history?before=1", "/dashboard/history.csv", "/accounts/data", "/accounts/delete",
    "/accounts/profile", "/accounts/sessions", "/accounts/password", "/accounts/password/done",
    "/accounts/second-factor", "/accounts/second-factor/settings", "/accounts/login", "/accounts/login?next=/dashboard",
    "/accounts/signup", "/fr/", "/de/pay", "/es/statistics", "/api/schema", "/api/docs", "/healthz", "/readyz",
    "/admin/", "/admin/codetags/", "/admin/stats/statistics/", "/admin/stats/adjustment/", "/admin/codetags/codetag/",
    "/admin/codetags/codecount/", "/admin/codetags/codecount/?q=DEMO&p=1", "/admin/codetags/codecount/export.csv",
    "/admin/codetags/codecount/DEMO/", "/admin/codetags/codecount/DEMO/qr.svg", "/admin/usertokens/tokenledger/",
    "/admin/usertokens/tokenledger/test-user-id/", "/admin/billing/stripecustomer/", "/admin/billing/stripeevent/",
    "/admin/auth/user/", "/admin/knox/authtoken/",
)  # fmt: skip


@pytest.mark.parametrize("address", PAGES_OF_0_2)
def test_a_bookmark_of_an_old_release_works(address: str) -> None:
    CodeTag.objects.create(code="DEMO")
    chief = Client()
    chief.force_login(User.objects.create_superuser("chief"))
    answer = chief.get(address, follow=True)
    assert answer.status_code == 200, (answer.status_code, answer.redirect_chain)
