"""The list of cookies, the pages drawn from it, and the choice that a visitor makes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client, RequestFactory, override_settings

from codetags.services import consent, cookies
from codetags.templatetags.codetags import duration, kept_for
from codetags.types import FOREVER, Storage, StorageItem
from tests.codetags.test_codes import LINKS

URL = "/cookies/settings"
EXTRA = (StorageItem("watcher", "Counts clicks.", timedelta(days=365), category="statistics"),)


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def more_cookies() -> Iterator[None]:
    """A site that adds a cookie which needs consent."""
    with override_settings(CODETAGS_COOKIES=EXTRA):
        yield


def choose(client: Client, choice: str, *categories: str, **headers: str) -> Any:
    body = {"choice": choice, "category": list(categories), "version": cookies.policy_version()}
    return client.post(URL, body, headers={name.replace("_", "-"): value for name, value in headers.items()})


class TestList:
    def test_the_codes_cookie_is_necessary_and_lasts_a_day(self) -> None:
        (item,) = [item for item in cookies.list_items() if item.name == "qr_counted"]
        assert (item.category, item.duration, item.storage) == ("necessary", timedelta(days=1), Storage.COOKIE)
        assert item.purpose

    def test_names_what_django_sets(self) -> None:
        assert {"sessionid", "csrftoken", "messages"} <= {item.name for item in cookies.list_items()}

    def test_a_category_without_items_is_not_there(self, more_cookies: None) -> None:
        assert [category.name for category in cookies.list_categories()] == ["necessary", "statistics"]
        with override_settings(CODETAGS_COOKIES=()):
            assert [category.name for category in cookies.list_categories()] == ["necessary"]

    def test_the_version_changes_with_the_list_alone(self) -> None:
        before = cookies.policy_version()
        assert cookies.policy_version() == before
        with override_settings(CODETAGS_COOKIES=EXTRA):
            assert cookies.policy_version() != before

    @pytest.mark.parametrize(
        ("item", "text"),
        [
            (StorageItem("x", "", timedelta(days=1)), "1 day"),
            (StorageItem("x", "", timedelta(days=182)), "6 months"),
            (StorageItem("x", "", None), "Until the browser is closed"),
            (StorageItem("x", "", None, Storage.SESSION), "Until the tab is closed"),
            (StorageItem("x", "", FOREVER, Storage.LOCAL), "Until you delete it"),
        ],
    )
    def test_durations_in_words(self, item: StorageItem, text: str) -> None:
        assert kept_for(item) == text

    def test_durations_in_other_words(self) -> None:
        from django.utils.translation import override

        with override("de"):
            assert duration(timedelta(days=182)) == "6 Monate"


class TestPages:
    @pytest.mark.parametrize("prefix", ["", "/fr", "/de", "/es"])
    @pytest.mark.parametrize("page", ["/cookies", "/privacy"])
    def test_are_drawn_from_the_list_and_the_same_for_all(
        self, client: Client, more_cookies: None, prefix: str, page: str
    ) -> None:
        answer = client.get(prefix + page)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")
        for item in cookies.list_items():
            assert f"<code>{item.name}</code>" in text(answer)

    def test_who_answers_for_the_site(self, client: Client) -> None:
        with override_settings(CODETAGS_CONTACT="Jane Doe\nSome Street 1"):
            assert "Jane Doe<br>Some Street 1" in text(client.get("/privacy"))

    def test_the_footer_leads_to_all_three(self, client: Client) -> None:
        page = text(client.get("/statistics"))
        for path in ("/cookies", "/privacy", "/cookies/settings"):
            assert f'href="{path}"' in page


class TestChoice:
    @pytest.mark.parametrize(
        ("choice", "categories", "allowed"),
        [
            ("all", (), True),
            ("none", ("statistics",), False),
            ("chosen", ("statistics",), True),
            ("chosen", (), False),
            ("", (), False),
        ],
    )
    def test_is_kept_six_months(
        self, client: Client, more_cookies: None, choice: str, categories: tuple[str, ...], allowed: bool
    ) -> None:
        answer = choose(client, choice, *categories)
        assert answer.status_code == 303
        morsel = answer.cookies["cookie_choice"]
        assert (morsel["max-age"], morsel["path"], morsel["samesite"]) == (182 * 86400, "/", "Lax")
        kept = {"cookie_choice": morsel.value}
        assert consent.allows(kept, "statistics") is allowed
        assert consent.allows(kept, "necessary")
        assert not consent.allows(kept, "marketing")

    def test_nothing_is_allowed_before_it(self, more_cookies: None) -> None:
        assert consent.read_choice({}) is None
        assert not consent.allows({}, "statistics")
        assert consent.allows({}, "necessary")

    def test_is_asked_again_when_the_list_changes(self, client: Client, more_cookies: None) -> None:
        choose(client, "all")
        kept = {"cookie_choice": client.cookies["cookie_choice"].value}
        assert consent.read_choice(kept) is not None
        with override_settings(CODETAGS_COOKIES=()):
            assert consent.read_choice(kept) is None

    @pytest.mark.parametrize("value", ["", "x", "00000000.necessary", "." * 9999, "{version}.", "{version}.A B"])
    def test_whatever_a_visitor_writes_into_the_cookie(self, value: str) -> None:
        assert consent.read_choice({"cookie_choice": value.format(version=cookies.policy_version())}) is None

    def test_invented_categories_are_left_out(self, more_cookies: None) -> None:
        assert consent.make_choice(["statistics", "everything"]).categories == {"necessary", "statistics"}

    def test_a_page_drawn_from_an_older_list_agrees_to_nothing(self, client: Client) -> None:
        answer = client.post(URL, {"choice": "all", "version": "00000000"})
        assert (answer.status_code, answer.headers["Location"]) == (303, URL)
        assert not answer.cookies

    def test_needs_no_csrf_cookie_but_refuses_other_sites(self) -> None:
        client = Client(enforce_csrf_checks=True)
        assert choose(client, "none").status_code == 303
        assert choose(client, "none", Origin="http://testserver").status_code == 303
        assert choose(client, "none", Sec_Fetch_Site="same-origin").status_code == 303
        for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"}, {"Sec_Fetch_Site": "cross-site"}):
            answer = choose(client, "all", **headers)
            assert answer.status_code == 403
            assert not answer.cookies

    def test_leads_back_to_the_page(self, client: Client) -> None:
        def leads_to(referer: str) -> str:
            return str(choose(client, "none", Referer=referer).headers["Location"])

        assert leads_to("http://testserver/pay?x=1") == "/pay?x=1"
        assert leads_to(f"http://testserver{URL}") == f"{URL}?saved=1"
        assert leads_to("https://elsewhere.example/") == f"{URL}?saved=1"
        assert leads_to("http://testserver//elsewhere.example/") == "/elsewhere.example/"

    def test_the_form_shows_it(self, client: Client, more_cookies: None) -> None:
        assert 'value="statistics" aria-describedby="settings-statistics-about">' in text(client.get(URL))
        choose(client, "all")
        page = text(client.get(f"{URL}?saved=1"))
        assert 'value="statistics" aria-describedby="settings-statistics-about" checked>' in page
        assert 'value="necessary" aria-describedby="settings-necessary-about" checked disabled>' in page
        assert "Your choice is kept" in page
        assert "no-store" in client.get(URL).headers["Cache-Control"]

    def test_the_form_says_when_the_browser_kept_nothing(self, client: Client) -> None:
        assert "needs your consent is kept either" in text(client.get(f"{URL}?saved=1"))
        assert "needs your consent is kept either" not in text(client.get(URL))

    def test_the_notices_script_is_told_in_json(self, client: Client, more_cookies: None) -> None:
        answer = choose(client, "all", Accept="application/json")
        assert (answer.status_code, answer.json()) == (200, {"categories": ["necessary", "statistics"]})
        assert answer.cookies["cookie_choice"].value.endswith(".necessary-statistics")
        outdated = client.post(URL, {"choice": "all", "version": "0"}, headers={"Accept": "application/json"})
        assert (outdated.status_code, outdated.json()["code"]) == (409, "outdated")
        elsewhere = choose(client, "all", Accept="application/json", Origin="https://elsewhere.example")
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "permission_denied")
        assert not outdated.cookies
        assert not elsewhere.cookies

    @pytest.mark.parametrize(
        ("carried", "before", "back"),
        [
            ("edit", "/pay", "/pay?edit=same"),
            ("again", "/de/pay?again=same", "/de/pay?again=same"),
            ("edit", "/pay?a=1", "/pay?a=1&edit=same"),
        ],
    )
    def test_a_form_that_came_along_goes_back(self, client: Client, carried: str, before: str, back: str) -> None:
        for version, is_kept in ((cookies.policy_version(), True), ("0", False)):
            body = {"choice": "none", "version": version, "iban": "DE00"}
            answer = client.post(f"{URL}?carried={carried}", body, headers={"Referer": f"http://testserver{before}"})
            assert (answer.status_code, answer.headers["Location"]) == (307, back)
            assert (cookies.CHOICE_COOKIE in answer.cookies) is is_kept

    @pytest.mark.parametrize(
        ("carried", "referer"),
        [
            ("a=b&c", "http://testserver/pay"),
            ("", "http://testserver/pay"),
            ("edit", ""),
            ("edit", "https://elsewhere.example/pay"),
            ("edit", f"http://testserver{URL}"),
        ],
    )
    def test_nothing_goes_anywhere_else(self, client: Client, carried: str, referer: str) -> None:
        body = {"choice": "none", "version": cookies.policy_version()}
        answer = client.post(f"{URL}?carried={carried}", body, headers={"Referer": referer})
        assert answer.status_code == 303

    def test_the_style_shows_the_notice_to_those_who_have_not_chosen(self, client: Client) -> None:
        style = client.get("/cookies/notice.css")
        assert style.headers["Content-Type"].startswith("text/css")
        assert "no-store" in style.headers["Cache-Control"]
        assert "display: block" in text(style)
        choose(client, "none")
        assert text(client.get("/cookies/notice.css")) == ""


class TestNotice:
    def test_with_necessary_ones_alone_it_asks_nothing(self, client: Client) -> None:
        page = text(client.get("/pay"))
        assert 'class="cookie-notice"' in page
        assert "nothing to agree to" in page
        assert 'value="all"' not in page

    def test_with_others_it_gives_three_ways_of_equal_weight(self, client: Client, more_cookies: None) -> None:
        page = text(client.get("/pay"))
        for value in ("all", "none", "chosen"):
            assert f'<button class="button button-quiet" type="submit" name="choice" value="{value}"' in page


class TestLanding:
    def landing(self, query: str) -> str:
        request = RequestFactory().get(f"/{query}")
        template = Template("{% load codetags %}{% codetags_landing %}|{% codetags_landing_pixel %}")
        return template.render(Context({"request": request}))

    def test_a_picture_for_those_without_scripts(self) -> None:
        assert '<noscript><img src="/api/analytics/qr?code=DEMO"' in self.landing("?qr=demo")

    @pytest.mark.parametrize("query", ["?qr=", "?QR=nonsense", "?qr=<b>", "?qr=%22%3E%3Cscript%3E"])
    def test_a_code_that_can_t_be_read_is_reported_as_that(self, query: str) -> None:
        assert '<noscript><img src="/api/analytics/qr?unreadable=1" alt=""' in self.landing(query)

    @pytest.mark.parametrize("query", ["", "?a=1", "?q=DEMO"])
    def test_without_one_there_is_no_picture(self, query: str) -> None:
        assert "<img" not in self.landing(query)

    @pytest.mark.parametrize(("query", "code"), LINKS, ids=[query for query, _ in LINKS])
    def test_reads_links_as_the_script_does(self, query: str, code: str | None) -> None:
        wanted = {None: "", "": "unreadable=1"}.get(code, f"code={code}")
        assert ("<img" in self.landing(query), wanted in self.landing(query)) == (code is not None, True)

    def test_is_on_the_home_page_in_each_language(self, client: Client) -> None:
        for path in ("/", "/fr/", "/de/", "/es/"):
            answer = client.get(f"{path}?qr=DEMO")
            assert "/api/analytics/qr?code=DEMO" in text(answer)
            assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=60"
            assert f'<link rel="canonical" href="http://127.0.0.1:8000{path}">' in text(answer)
            assert not answer.cookies

    @pytest.mark.parametrize("path", ["/en?qr=DEMO", "/en/?qr=DEMO"])
    def test_the_prefix_of_english_keeps_the_code(self, client: Client, path: str) -> None:
        answer = client.get(path)
        assert answer.headers["Location"] == "/?qr=DEMO"
