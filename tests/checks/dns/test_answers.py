"""What a look makes of honest answers: records of every sort, negative answers, what options and conditions ask."""

from __future__ import annotations

import asyncio
from typing import Any

import dns.flags
import pytest
from dns.message import Message

from checks.base import ErrorKind, Observation
from tests.checks.dns.answering import Said, against, answering, look, records, with_records

A = "example.com. 300 IN A 192.0.2.1"
RECORDS = {
    "A": ("192.0.2.1", "192.0.2.1"),
    "AAAA": ("2001:DB8::1", "2001:db8::1"),
    "CNAME": ("www.example.net.", "www.example.net."),
    "MX": ("10 mail.example.com.", "10 mail.example.com."),
    "NS": ("ns1.example.com.", "ns1.example.com."),
    "TXT": ('"v=spf1 " "-all"', "v=spf1 -all"),
    "SOA": ("ns.example.com. noc.example.com. 7 2 3 4 5", "ns.example.com. noc.example.com. 7 2 3 4 5"),
    "CAA": ('0 issue "ca.example.net"', '0 issue "ca.example.net"'),
    "PTR": ("host.example.com.", "host.example.com."),
    "SRV": ("1 2 443 www.example.com.", "1 2 443 www.example.com."),
    "NAPTR": ('1 2 "s" "SIP+D2U" "" sip.example.com.', '1 2 "s" "SIP+D2U" "" sip.example.com.'),
    "DS": ("1 13 2 " + "AB" * 32, "1 13 2 " + "ab" * 32),
    "HTTPS": ("1 . alpn=h2", '1 . alpn="h2"'),
    "TYPE65280": (r"\# 3 010203", r"\# 3 010203"),
}


@pytest.mark.parametrize("record", RECORDS)
def test_each_type_is_told_as_people_write_it(record: str) -> None:
    given, shown = RECORDS[record]
    seen = against(records(f"example.com. 300 IN {record} {given}"), record=record.lower())
    assert (seen.failure, seen.values["answers"]) == (None, shown)
    assert (seen.values["rcode"], seen.values["answer_count"], seen.values["ttl"]) == ("NOERROR", 1, 300)


def test_null_mx_is_a_single_dot() -> None:
    seen = against(records("example.com. 300 IN MX 0 ."), record="MX")
    assert seen.values["answers"] == "."


def test_answers_keep_their_order_however_the_server_turns_them() -> None:
    lines = [f"example.com. 300 IN MX {number} mail.example.com." for number in (100, 9, 20)]
    said = {str(against(records(*turned), record="MX").values["answers"]) for turned in (lines, lines[::-1])}
    assert said == {"9 mail.example.com., 20 mail.example.com., 100 mail.example.com."}


def test_aliases_are_followed_and_the_least_ttl_counts() -> None:
    seen = against(
        records(
            "Example.com. 20 IN CNAME www.example.net.",
            "www.example.net. 300 IN A 192.0.2.7",
            "stranger.example.org. 9 IN A 203.0.113.1",
        )
    )
    assert (seen.values["answers"], seen.values["answer_count"], seen.values["ttl"]) == ("192.0.2.7", 3, 9)


def test_alias_that_leads_nowhere_is_down() -> None:
    seen = against(records("example.com. 20 IN CNAME gone.example.net."))
    assert seen.error_kind is ErrorKind.DNS
    assert "NOERROR for example.com. A without such a record" in (seen.failure or "")


def test_alias_that_leads_in_a_circle_is_down() -> None:
    seen = against(
        records("example.com. 20 IN CNAME www.example.com.", "www.example.com. 20 IN CNAME example.com.")
    )
    assert "without such a record" in (seen.failure or "")


@pytest.mark.parametrize(
    ("rcode", "reason"),
    [
        ("NXDOMAIN", "answered NXDOMAIN for example.com. A: there is no such name"),
        ("SERVFAIL", "answered SERVFAIL for example.com. A: the server could not find out"),
        ("REFUSED", "answered REFUSED for example.com. A: the server will not tell us"),
        ("NOTIMP", "answered NOTIMP"),
        ("NOERROR", "answered NOERROR for example.com. A without such a record"),
    ],
)
def test_negative_answer_is_down_with_its_reason(rcode: str, reason: str) -> None:
    seen = against(records(rcode=rcode, authority=["example.com. 5 IN SOA a. b. 1 2 3 4 5"]))
    assert (seen.error_kind, seen.blind) == (ErrorKind.DNS, None)
    assert reason in (seen.failure or "")
    assert (seen.values["rcode"], seen.values["authority_count"]) == (rcode, 1)


def test_error_without_the_question_is_still_an_answer() -> None:
    def forgetful(asked: Message) -> Message:
        answer = with_records(asked, rcode="FORMERR")
        answer.question.clear()
        return answer

    assert "answered FORMERR" in (against(forgetful).failure or "")


def test_code_that_is_wanted_is_right_and_any_other_wrong() -> None:
    wanted = ["nxdomain", "SERVFAIL"]
    assert against(records(rcode="NXDOMAIN"), accept_rcodes=wanted).failure is None
    seen = against(records(A), accept_rcodes=wanted)
    assert seen.error_kind is ErrorKind.DNS
    assert "answered NOERROR for example.com. A, not NXDOMAIN or SERVFAIL" in (seen.failure or "")


def test_accepted_noerror_needs_no_records() -> None:
    assert against(records(), accept_rcodes="NOERROR").failure is None


@pytest.mark.parametrize(
    ("rcode", "asked", "judges"),
    [
        ("NXDOMAIN", "rcode", True),
        ("NXDOMAIN", "answers", False),
        ("NXDOMAIN", "answer_count", False),
        ("NOERROR", "answer_count", True),
        ("NOERROR", "rcode", True),
        ("NOERROR", "answers", False),
    ],
)
def test_condition_that_asks_for_it_judges_alone(rcode: str, asked: str, *, judges: bool) -> None:
    seen = against(records(rcode=rcode), asked=frozenset({asked}))
    assert (seen.failure is None) is judges


def test_recursion_is_asked_for_unless_it_is_not_wanted() -> None:
    async def run(*, recursion: bool) -> tuple[Observation, int]:
        async with answering(records(A)) as server:
            seen = await look(server.port, recursion=recursion)
            return seen, int(server.asked[0][1].flags)

    wanted, flags = asyncio.run(run(recursion=True))
    assert (wanted.failure, bool(flags & dns.flags.RD)) == (None, True)
    unwanted, flags = asyncio.run(run(recursion=False))
    assert (unwanted.failure, bool(flags & dns.flags.RD)) == (None, False)


def test_flags_of_the_answer_are_values() -> None:
    seen = against(records(A, flags="AA AD"))
    names = ("authoritative", "authenticated", "recursion_available", "truncated")
    assert [seen.values[name] for name in names] == [True, True, True, False]


def test_with_dnssec_only_an_authenticated_answer_is_right() -> None:
    asked: list[Message] = []

    def says(flags: str) -> Any:
        def answer(question: Message) -> Said:
            asked.append(question)
            return with_records(question, [A], flags=flags)

        return answer

    assert against(says("AD"), dnssec=True).failure is None
    assert asked[0].ednsflags & dns.flags.DO
    seen = against(says(""), dnssec=True)
    assert seen.error_kind is ErrorKind.DNS
    assert "without having authenticated it" in (seen.failure or "")
    refused = records(rcode="SERVFAIL")
    assert against(refused, dnssec=True, accept_rcodes="SERVFAIL").failure is None
    assert against(says(""), dnssec=True, asked=frozenset({"authenticated"})).failure is None


def test_class_is_asked_for() -> None:
    def version(asked: Message) -> Said:
        return with_records(asked, ['version.bind. 0 CH TXT "9.18"'])

    seen = against(version, name="version.bind", record="TXT", query_class="ch")
    assert (seen.failure, seen.values["answers"]) == (None, "9.18")


def test_address_is_asked_for_by_its_reverse_name() -> None:
    for address, name in (
        ("192.0.2.1", "1.2.0.192.in-addr.arpa."),
        ("2001:db8::1", f"1{'.0' * 23}.8.b.d.0.1.0.0.2.ip6.arpa."),
    ):
        seen = against(records(f"{name} 60 IN PTR host.example.com."), name=address)
        assert (seen.failure, seen.values["answers"]) == (None, "host.example.com.")


def test_international_name_goes_out_in_ascii() -> None:
    seen = against(records("xn--bcher-kva.example. 60 IN A 192.0.2.1"), name="Bücher.example")
    assert (seen.failure, seen.values["answers"]) == (None, "192.0.2.1")


def test_latency_has_no_part_of_finding_the_server() -> None:
    seen = against(records(A), server="localhost", ip="4")
    assert list(seen.phases) == ["resolve", "connect", "request"]
    measured = seen.phases["connect"] + seen.phases["request"]
    assert seen.values["latency"] == pytest.approx(measured, abs=1e-5)


TWO = (A, "example.com. 300 IN A 192.0.2.2")
NS = ("example.com. 7200 IN NS ns1.isp.net.", "example.com. 7200 IN NS ns2.isp.net.")


@pytest.mark.parametrize(
    ("option", "right"),
    [
        ({"answer": {"exactly": ["192.0.2.2", "192.0.2.1"]}}, True),
        ({"answer": {"exactly": "192.0.2.1"}}, False),
        ({"answer": {"exactly": ["192.0.2.2", "192.0.2.1", "192.0.2.3"]}}, False),
        ({"answer": {"contains": "192.0.2.1"}}, True),
        ({"answer": {"contains": "192.0.2"}}, False),
        ({"answer": {"lacks": "192.0.2.9"}}, True),
        ({"answer": {"lacks": ["192.0.2.9", "192.0.2.2"]}}, False),
        ({"authority": {"exactly": ["NS2.isp.net", "ns1.isp.net."]}}, True),
        ({"additional": {"lacks": "192.0.2.1"}}, True),
        ({"additional": {"contains": "192.0.2.1"}}, False),
        ({"answer": {"must_match": r"^example\.com\. 300 IN A 192\.0\.2\.\d$"}}, True),
        ({"answer": {"must_match": [r"192\.0\.2", r"\.1$"]}}, False),
        ({"answer": {"must_match": r"^example\.com\.\t300\tIN\tA\t192\.0\.2\.\d$"}}, True),
        ({"answer": {"must_not_match": "\tA\t192"}}, False),
        ({"additional": {"must_match": ".*"}}, False),
        ({"answer": {"must_not_match": "7200"}, "authority": {"must_not_match": "300"}}, True),
        ({"authority": {"must_not_match": ["nothing", "ns2"]}}, False),
        ({"additional": {"must_not_match": ".*"}}, True),
        ({"authority": {"fail_if_none_match": ["nothing", "ns2"]}}, True),
        ({"authority": {"fail_if_none_match": ["nothing", "ns3"]}}, False),
        ({"additional": {"fail_if_none_match": ".*"}}, False),
        ({"authority": {"fail_if_all_match": r"isp\.net"}}, False),
        ({"authority": {"fail_if_all_match": [r"isp\.net", "ns1"]}}, True),
        ({"additional": {"fail_if_all_match": ".*"}}, True),
    ],
    ids=str,
)
def test_sections_must_be_as_the_options_say(option: dict[str, Any], *, right: bool) -> None:
    seen = against(records(*TWO, authority=NS), **option)
    assert (seen.failure is None) is right
    assert seen.error_kind is (None if right else ErrorKind.CONTENT)
    if not right:
        assert f"{next(iter(option))} section: " in (seen.failure or "")


@pytest.mark.parametrize(
    ("record", "given", "word"),
    [
        ("MX", "0 .", "0 ."),
        ("MX", "0 .", "."),
        ("TXT", '"v=spf1 " "-all"', '"v=spf1 " "-all"'),
        ("TXT", '"v=spf1 -all"', '"v=spf1 -all"'),
        ("CAA", '0 issue "ca.example.net"', "0 issue ca.example.net"),
        ("CAA", '0 issue "ca.example.net"', '0 issue "CA.example.net"'),
        ("AAAA", "2001:db8::1", "2001:DB8:0:0::1"),
        ("NS", "NS1.Example.net.", "ns1.example.net"),
    ],
)
def test_record_is_known_in_every_form_people_write_it(record: str, given: str, word: str) -> None:
    says = records(f"example.com. 5 IN {record} {given}")
    assert against(says, record=record, answer={"exactly": word}).failure is None
    assert against(says, record=record, answer={"lacks": word}).error_kind is ErrorKind.CONTENT


def test_aliases_and_signatures_are_no_surplus() -> None:
    signature = "A 13 2 300 20300101000000 20200101000000 1 example.net. AAAA"
    says = records(
        "example.com. 5 IN CNAME example.net.",
        "example.net. 5 IN A 192.0.2.1",
        f"example.net. 5 IN RRSIG {signature}",
        flags="AD",
    )
    assert against(says, dnssec=True, answer={"exactly": "192.0.2.1"}).failure is None
    assert against(says, answer={"exactly": ["192.0.2.1", "example.net"]}).failure is None
    assert against(says, answer={"exactly": "example.net"}).error_kind is ErrorKind.CONTENT


def test_text_is_compared_letter_by_letter() -> None:
    says = records('example.com. 5 IN TXT "Key=AbC."')
    assert against(says, record="TXT", answer={"exactly": "Key=AbC."}).failure is None
    assert against(says, record="TXT", answer={"exactly": "key=abc"}).failure is not None
