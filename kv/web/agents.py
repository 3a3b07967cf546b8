"""What a request says of who looks: a robot, or a browser that only fetches ahead.

A list of names (crawlerdetect's) misses every robot that is newer than the list. So the general signs by which an agent
differs from any browser's come first. What both miss and what both take wrongly for a robot is measured on lists that
others keep, in tests/kv/test_agents.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from crawlerdetect import CrawlerDetect

# An agent of 8 kB took the detector 88 ms; no crawler's name is found after this many characters.
AGENT_LENGTH = 512
_PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")

# Every browser of the last twenty years begins so. Telephones of before that run no scripts and carry no camera app.
_BROWSER = re.compile(r"(?:Mozilla|Opera)/", re.IGNORECASE)
# Where to complain: an address, a mail, or a host by its name. Not the name of an Android package, which is a host's
# name backwards (jp.co.yahoo.android), nor a version (android@150.0.0.0). Each alternative begins at the start of a
# token, so that a long agent is read once.
_CONTACT = re.compile(
    r"https?:|www\."
    r"|(?<![\w.+-])[\w.+-]+(?:@|\[at\]|\(at\))[a-z][\w-]*\.[a-z]"
    r"|(?<![\w.@/-])(?!(?:app|cn|co|com|de|fr|io|jp|kr|me|net|org|ru)\.)(?:[a-z0-9-]+\.)+"
    r"(?:ai|app|co|com|de|dev|eu|fr|gy|info|io|ly|net|org|uk)(?![\w.-])",
    re.IGNORECASE,
)
# "compatible" was sent by browsers that wanted the pages made for Netscape's; no current browser sends it.
_COMPATIBLE = re.compile(r"\bcompatible\b", re.IGNORECASE)
_OLD_BROWSER = re.compile(
    r"MSIE|Trident|Konqueror|Opera|iCab|Browse|OmniWeb|Amiga|NetPositive|Webpositive|NetFront|WebTV|ms-?office",
    re.IGNORECASE,
)
# A browser says what it runs on.
_PLATFORM = re.compile(
    r"Windows|Macintosh|Mac OS|Mac_P|Linux|X11|Android|iPhone|iPad|iPod|Darwin|CrOS|CrKey|BSD|SunOS|Solaris|OS/2|BeOS"
    r"|Haiku|Amiga|RISC|Symb|Series ?[3-9]0|BlackBerry|BB10|PlayBook|PlayStation|Nintendo|Xbox|Tizen|webOS|Web0S|hpwOS"
    r"|SMART|TV\b|Mobile|Tablet|Phone|MIDP|J2ME|KAIOS|Bada|MeeGo|Maemo|Brew|Kindle|Silk|Fuchsia|Harmony|Unix|NT \d"
    r"|Win\d|Syllable|QNX|ms-?office|MSIE|Konqueror",
    re.IGNORECASE,
)
# A name put into the comment that every engine ends after "like Gecko".
_INSERTED = re.compile(r"like Gecko(?:;|,(?! ?(?:Safari|Mobile|like)))", re.IGNORECASE)
# What drives a browser, or is said of one that a program drives. CamScanner and Scania's lorries are no scanners.
_TOOL = re.compile(
    r"headless|playwright|puppeteer|selenium|webdriver|synthetic|monitor|(?<!cam)scan(?!ia)|scrap(?:e|ing)|archiv"
    r"|research|prerender|screenshot|thumbnail|inspector|splash|[ a-z-]agents?\b|-user/|verif(?:y|ier)/",
    re.IGNORECASE,
)


def is_bot(agent: str) -> bool:
    """Whether the agent names itself a robot, or nothing at all (no browser comes without a name)."""
    agent = agent.strip()[:AGENT_LENGTH]
    return not agent or _is_crawler(agent)


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether a browser fetches what nobody may ever look at. headers: as in a WSGI environment."""
    for name in _PURPOSES:
        purpose = headers.get(name)
        if purpose and any(word in purpose.lower() for word in ("prefetch", "prerender", "preview")):
            return True
    return False


@lru_cache(maxsize=4096)
def _is_crawler(agent: str) -> bool:
    return _has_sign_of_a_robot(agent) or bool(CrawlerDetect().is_crawler(agent))


def _has_sign_of_a_robot(agent: str) -> bool:
    return bool(
        not _BROWSER.match(agent)
        or not _PLATFORM.search(agent)
        or _CONTACT.search(agent)
        or (_COMPATIBLE.search(agent) and not _OLD_BROWSER.search(agent))
        or _INSERTED.search(agent)
        or _TOOL.search(agent)
    )
