"""Other sites of the admin: what they have of accounts and tokens, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import path

from config.urls import urlpatterns as site_urls
from usertokens.admin import TokenLedgerAdmin
from usertokens.models import TokenLedger
from usertokens.services import directory

_plain, _own = AdminSite("plain"), AdminSite("own")
_plain.register(User, UserAdmin)
_own.register(TokenLedger, TokenLedgerAdmin)
urlpatterns = [path("plain/", _plain.urls), path("own/", _own.urls), *site_urls]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


def test_a_site_without_tokens_shows_its_accounts(admin_client: Client, user: User) -> None:
    page = admin_client.get(f"/plain/auth/user/{user.pk}/change/")
    assert page.status_code == 200
    assert "Tokens and subscription" not in page.content.decode()


def test_a_site_of_tokens_alone_links_to_its_own_pages(admin_client: Client, user: User, store: Any) -> None:
    directory.add_user(user)
    page = admin_client.get("/own/usertokens/tokenledger/").content.decode()
    assert f'href="/own/usertokens/tokenledger/{user.pk}/"' in page
    assert 'href="/admin/usertokens' not in page
    answer = admin_client.get(f"/own/usertokens/tokenledger/{user.pk}/change/")
    assert answer.headers["Location"] == f"/own/usertokens/tokenledger/{user.pk}/"
