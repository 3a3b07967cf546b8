"""What a request says of its visitor that may be added up: device class, language, the host before, country.

Each is one of few values that many visitors share, and a hit only adds 1 to the sum of each. None is stored beside
another, so nothing says that a phone and a language were one visitor's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from codetags import keys
from codetags.conf import app_settings
from codetags.services.iso_codes import COUNTRIES, LANGUAGES
from codetags.types import Audience, Device
from kv.conf import app_settings as kv_settings
from kv.web.agents import AGENT_LENGTH

# What old browsers send in the place of today's codes.
_OLD_LANGUAGES = {"iw": "he", "in": "id", "ji": "yi"}
_PRIMARY = re.compile(r"[ \t]*([A-Za-z]{2,3})(?=[-_;, \t]|\Z)")

# The rules for devices, in this order. What they miss is measured on public lists, in tests/codetags/test_audiences.py.
_NO_COMPUTER = re.compile(
    r"\bTV\b|SmartTV|SMART-TV|GoogleTV|AppleTV|HbbTV|NetCast|Web0S|BRAVIA|CrKey|\bAFT[A-Z]|Roku|PlayStation|Xbox|Nintendo",
    re.IGNORECASE,
)
_TABLET = re.compile(
    r"iPad|Tablet|PlayBook|Kindle|\bSilk/|\bKF[A-Z]{2,}|Nexus (?:7|9|10)\b|SM-T\d|SM-X\d", re.IGNORECASE
)
_PHONE = re.compile(r"Mobi|iPhone|iPod|Windows Phone|BlackBerry|BB10|Opera Mini|KAIOS|\bMIDP", re.IGNORECASE)
_DESKTOP = re.compile(r"Windows NT|Macintosh|X11|CrOS|Linux|BSD|Mac OS X", re.IGNORECASE)

# Names of hosts as DNS has them, at least two parts, the last one no number: an address is not kept as a host.
_HOST = re.compile(r"(?=.{4,60}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+(?![0-9]+\Z)[a-z0-9-]{2,}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|//")


def read_audience(headers: Mapping[str, str], *, referrer: str = "") -> Audience:
    """What a request adds to the sums of its code.

    headers: as in a WSGI environment. referrer: what the landing page had as its referrer, or the host of that alone.
    The request's own Referer is not asked: it names the landing page.
    """
    return Audience(
        device_class(
            headers.get("HTTP_USER_AGENT", "")[:AGENT_LENGTH], says_mobile=headers.get("HTTP_SEC_CH_UA_MOBILE") == "?1"
        ),
        language_of(headers.get("HTTP_ACCEPT_LANGUAGE", "")[:AGENT_LENGTH]),
        _referring_host(headers, referrer) if referrer else "",
        _country(headers) if app_settings.CODETAGS_COUNTRY_HEADER else "",
    )


@lru_cache(maxsize=4096)
def device_class(agent: str, *, says_mobile: bool = False) -> Device:
    """What the visitor holds in hand, by the User-Agent. says_mobile: Sec-CH-UA-Mobile is "?1".

    An iPad that asks for desktop pages, as its Safari does by itself, says that it is a Macintosh, and counts as one.
    """
    if _NO_COMPUTER.search(agent):
        return Device.OTHER
    is_phone = says_mobile or bool(_PHONE.search(agent))
    # Android's own rule: phones say "Mobile", tablets do not.
    if _TABLET.search(agent) or ("Android" in agent and not is_phone):
        return Device.TABLET
    if is_phone:
        return Device.PHONE
    return Device.DESKTOP if _DESKTOP.search(agent) else Device.OTHER


@lru_cache(maxsize=4096)
def language_of(header: str) -> str:
    """The language of the first entry of an Accept-Language, without its region; "" for none that ISO 639 has."""
    found = _PRIMARY.match(header)
    language = found[1].lower() if found else ""
    language = _OLD_LANGUAGES.get(language, language)
    return language if language in LANGUAGES else ""


@lru_cache(maxsize=4096)
def host_of(text: str) -> str:
    """The host in a URL, or in a host with or without a port: lower case, IDNA (xn--…), no port, user or path.

    "" for an empty text; ~OTHER for one without the name of a public host, such as an address or another scheme's.
    """
    host = _bare_host(text)
    return host if not host or _HOST.fullmatch(host) else keys.OTHER


@lru_cache(maxsize=4096)
def _bare_host(text: str) -> str:
    text = text.strip()
    scheme = _SCHEME.match(text)
    if scheme and scheme.group().lower() not in {"http://", "https://", "//"}:
        return keys.OTHER
    rest = text[scheme.end() :] if scheme else text
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rpartition("@")[2]
    host = re.sub(r":\d*\Z", "", host).rstrip(".").lower()
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return keys.OTHER


def _referring_host(headers: Mapping[str, str], referrer: str) -> str:
    """The host; "" for the site's own, and for that of the front end that made the call."""
    own = (headers.get("HTTP_HOST", ""), headers.get("HTTP_ORIGIN", ""))
    return "" if _bare_host(referrer) in map(_bare_host, filter(None, own)) else host_of(referrer)


def _country(headers: Mapping[str, str]) -> str:
    """The country that a trusted proxy names; "" without one, or for what is none, such as XX or T1."""
    if kv_settings.NUM_PROXIES < 1:
        return ""
    name = "HTTP_" + app_settings.CODETAGS_COUNTRY_HEADER.upper().replace("-", "_")
    country = headers.get(name, "").strip().upper()
    return country if country in COUNTRIES else ""
