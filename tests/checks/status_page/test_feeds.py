"""Feeds: a history without states. What counts as open, how bad it is, and what is refused."""

from __future__ import annotations

import pytest

from checks.status_page.moments import moment
from checks.status_page.unreadable import Unreadable
from tests.checks.status_page.saying import said, shape

DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
AT = moment(DATE)


def _item(title: str, text: str = "", date: str = DATE, key: str = "") -> str:
    told = f"<description>{text}</description><pubDate>{date}</pubDate><guid>{key}</guid>"
    return f"<item><title>{title}</title>{told}</item>"


def _rss(*items: str, made: str = "Sun, 22 Nov 2026 11:00:00 GMT") -> str:
    head = f"<title>Status</title><lastBuildDate>{made}</lastBuildDate>"
    return f"<rss version='2.0'><channel>{head}{''.join(items)}</channel></rss>"


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("Elevated errors", "degraded"),
        ("Performance issues: Slow volumes", "degraded"),
        ("Informational message: Slow volumes", "operational"),
        ("Service disruption: Increased Error Rates", "major"),
        ("Partial outage of the API", "partial"),
        ("Virtual Machines - UK South - Service unavailable", "major"),
        ("Database - Mitigating", "degraded"),
        ("Still unresolved: slow logins", "degraded"),
        ("Partially restored: logins", "partial"),
    ],
)
def test_title_of_an_open_item_tells_how_bad_it_is(title: str, wanted: str) -> None:
    assert shape(said(_rss(_item(title)))) == (wanted, title, AT)


@pytest.mark.parametrize(
    "title",
    [
        "Service is operating normally: [RESOLVED] SMS Delivery Delays",
        "RESOLVED - Storage - East US - Increased latency",
        "Storage - East US - Mitigated",
        "Post Incident Review (PIR) - Networking - Global",
        "Scheduled maintenance of the database",
    ],
)
def test_title_that_says_so_is_over_or_only_planned(title: str) -> None:
    assert shape(said(_rss(_item(title)))) == ("operational", None, None)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("&lt;p&gt;&lt;small&gt;Nov 22, 18:34 UTC&lt;/small&gt;&lt;br&gt;&lt;strong&gt;Resolved&lt;/strong&gt; - Done."
         " &lt;strong&gt;Investigating&lt;/strong&gt; - We look.&lt;/p&gt;", "operational"),
        ("<![CDATA[<b>Monitoring</b> - A fix is in. <b>Investigating</b> - We look.]]>", "degraded"),
        ("<![CDATA[<b>Status: Resolved</b><br/><b>Affected components</b>]]>", "operational"),
        ("This incident has been mitigated and is resolved.", "operational"),
        ("We are looking into it.", "degraded"),
        ("<strong>In progress</strong> - The work goes on.", "maintenance"),
        ("<strong>Scheduled</strong> - We will upgrade.", "operational"),
    ],
)  # fmt: skip
def test_newest_update_in_the_text_tells_the_state(text: str, wanted: str) -> None:
    assert said(_rss(_item("Logins", text))).indicator == wanted


def test_newest_item_of_one_incident_decides_and_it_began_with_the_first() -> None:
    at = "http://status.aws.amazon.com/#ec2-us-east-1"
    first = _item("Performance issues: API", date="Sun, 22 Nov 2026 08:00:00 GMT", key=f"{at}_100")
    later = _item("Service disruption: API", key=f"{at}_200")
    done = _item(
        "Service is operating normally: [RESOLVED] API", date="Sun, 22 Nov 2026 10:30:00 GMT", key=f"{at}_300"
    )
    for items in ((later, first), (first, later)):
        assert shape(said(_rss(*items))) == (
            "major",
            "Service disruption: API",
            moment("2026-11-22T08:00:00Z"),
        )
    assert said(_rss(done, later, first)).indicator == "operational"


def test_item_a_week_older_than_its_feed_is_over() -> None:
    old = _item("Slow", date="Sun, 01 Nov 2026 10:00:00 GMT")
    assert said(_rss(old)).indicator == "operational"
    assert said(_rss(old, made="Mon, 02 Nov 2026 10:00:00 GMT")).indicator == "degraded"
    assert said(_rss(old, made="nonsense")).indicator == "operational"


def test_item_without_a_date_is_open_since_nobody_knows_when() -> None:
    assert shape(said(_rss("<item><title>Slow</title></item>"))) == ("degraded", "Slow", None)


def test_atom_is_read_with_the_moment_it_was_published() -> None:
    entry = (
        "<entry><id>1</id><title type='html'>&lt;b&gt;Slow&lt;/b&gt; logins</title><category term='Login'/>"
        "<published>2026-11-22T10:00:00Z</published><updated>2026-11-22T10:30:00Z</updated>"
        "<content type='html'>Looking.</content></entry>"
    )
    feed = f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><updated>2026-11-22T11:00:00Z</updated>{entry}</feed>"
    assert shape(said(feed)) == ("degraded", "Slow logins", AT)
    assert said(feed, "login").indicator == "degraded"
    assert said(feed, "Search").indicator == "operational"


def test_place_in_a_title_and_category_can_be_chosen() -> None:
    item = _item("Databricks - North Central US - Investigating").replace(
        "<guid>", "<category>Databricks</category><guid>"
    )
    feed = _rss(item)
    assert said(feed, "north central us").indicator == "degraded"
    assert said(feed, "*central*").indicator == "degraded"
    assert said(feed, "databricks").indicator == "degraded"
    assert said(feed, "West Europe").indicator == "operational"


def test_feed_is_read_though_it_is_not_quite_xml() -> None:
    odd = "\n\ufeff<?xml version='1.0' encoding='utf-16'?>" + _rss(
        _item("AT&T &nbsp;&amp; R&D&eacute;\x08 slow", "a<p>b<i>c</i></p>")
    )
    assert shape(said(odd)) == ("degraded", "AT&T & R&Dé slow", AT)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (
            "<?xml version='1.0'?><!DOCTYPE rss [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><rss><channel/></rss>",
            "document type",
        ),
        ("<!DOCTYPE rss SYSTEM 'file:///etc/passwd'><rss/>", "document type"),
        ("<rss><channel><item>", "not well-formed"),
        ("<svg><title>x</title></svg>", "neither RSS nor Atom"),
        ("<!doctype html><title>Status</title>", "web page"),
        ("<HTML><body>504</body></HTML>", "web page"),
        ("<rss>" + "<a/>" * 100_001 + "</rss>", "more than"),
        ("<rss>" + "<item/>" * 2_001 + "</rss>", "more than 2000 items"),
        ("<rss>" + "&" * 200_001 + "</rss>", "more than 200000 entities"),
        ("<", "not well-formed"),
    ],
)
def test_what_is_no_sound_feed_is_refused(document: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        said(document)
