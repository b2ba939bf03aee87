"""Trusted lists: who signed them, what they say, and what happens when they are forged, old, torn or renewed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree
from signxml.algorithms import SignatureMethod

from tests.signatures.documents import NAME, OTHER, PKI, contract, only
from tests.signatures.trustlists.lists import (
    LOTL_SIGNER,
    NOW,
    XA_SIGNER,
    XB_SIGNER,
    Operator,
    Service,
    To,
    TslText,
    extension,
    scheme,
    sign,
)
from verify.core.errors import VerifyError
from verify.signatures.trustlists import reading as trustlists
from verify.signatures.trustlists.reading import read_list
from verify.signatures.trustlists.update import Before, Updated, update
from verify.simulation.signing import sign_pdf
from verify.stores.trust import TrustAnchors
from verify.stores.trustprofile import Profile, WantedList
from verify.stores.truststore import KeptList, TrustStore

BASE = "https://lists.example"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
TSL = "{http://uri.etsi.org/02231/v2#}"
Files = dict[str, bytes]


def refused(data: bytes, *signers: Operator) -> str:
    with pytest.raises(VerifyError) as told:
        read_list(data, [s.der for s in signers or (XA_SIGNER,)], now=NOW)
    return told.value.code.removeprefix("trust-list-")


def spans(*services: Service) -> list[tuple[str, str, str | None, bool]]:
    """Type, since, until and qualified of each anchor of a list with these services."""
    found = read_list(TslText(services=services).signed(XA_SIGNER), [XA_SIGNER.der], now=NOW)
    return sorted(
        (s.service, f"{s.since:%Y-%m-%d}", f"{s.until:%Y-%m-%d}" if s.until else None, s.qualified)
        for s in found.services
    )


# What a list says


def test_a_list_signed_by_a_pinned_certificate_is_read() -> None:
    found = read_list(scheme()["/xa.xml"], [XB_SIGNER.der, XA_SIGNER.der], now=NOW)
    assert (found.territory, found.of_lists, found.sequence) == ("XA", False, 10)
    assert (found.issued, found.next_update) == (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
    first = found.services[0]
    assert (first.der, first.source) == (
        PKI.issuer_der,
        "TSL XA: Northlight Trust (fictional), Issuing of certificates",
    )


def test_a_list_of_lists_points_to_national_lists_with_their_signers() -> None:
    found = read_list(scheme()["/lotl.xml"], [LOTL_SIGNER.der], now=NOW)
    assert found.of_lists and found.successors == (LOTL_SIGNER.der,)
    assert [(p.territory, p.of_lists, p.signers) for p in found.pointers[1:]] == [
        ("XA", False, (XA_SIGNER.der,)), ("XB", False, (XB_SIGNER.der,)),
    ]  # fmt: skip


def test_a_service_withdrawn_later_was_an_anchor_until_then() -> None:
    history = [("withdrawn", "2023-05-01T00:00:00Z"), ("granted", "2017-01-01T00:00:00Z")]
    assert spans(Service(PKI.root_der, history=history)) == [("CA/QC", "2017-01-01", "2023-05-01", True)]


def test_good_statuses_that_meet_are_one_span_and_a_gap_is_a_gap() -> None:
    before_eidas = [
        ("granted", "2024-01-01T00:00:00Z"), ("withdrawn", "2022-01-01T00:00:00Z"), ("granted", "2016-07-01T00:00:00Z"),
        ("undersupervision", "2014-01-01T00:00:00Z"),
    ]  # fmt: skip
    assert spans(Service(PKI.root_der, history=before_eidas)) == [
        ("CA/QC", "2014-01-01", "2022-01-01", True), ("CA/QC", "2024-01-01", None, True),
    ]  # fmt: skip


def test_only_services_that_vouch_for_signers_or_times_are_anchors() -> None:
    found = spans(
        Service(PKI.root_der, "CA/PKC", [("recognisedatnationallevel", "2018-01-01T00:00:00Z")]),
        Service(PKI.root_der, "TSA/QTST"),
        Service(PKI.root_der, "Certstatus/OCSP/QC"),
        Service(OTHER.root_der, "CA/QC", [("recognisedatnationallevel", "2018-01-01T00:00:00Z")]),
        Service(OTHER.root_der, "CA/QC", [("withdrawn", "2018-01-01T00:00:00Z")]),
    )
    assert found == [("CA/PKC", "2018-01-01", None, False), ("TSA/QTST", "2016-07-01", None, True)]


def test_an_authority_for_web_sites_alone_is_no_anchor_for_documents() -> None:
    sites = extension("ForWebSiteAuthentication")
    assert spans(Service(PKI.root_der, extensions=sites)) == []
    both = extension("ForWebSiteAuthentication") + extension("ForeSeals")
    assert len(spans(Service(PKI.root_der, extensions=both))) == 1


def test_a_service_with_an_unknown_critical_extension_is_left_out_and_said() -> None:
    unknown = '<Extension Critical="true"><x xmlns="urn:example:unknown"/></Extension>'
    text = TslText(services=[Service(PKI.root_der, extensions=unknown), Service(OTHER.root_der)])
    found = read_list(text.signed(XA_SIGNER), [XA_SIGNER.der], now=NOW)
    assert [s.der for s in found.services] == [OTHER.root_der]
    assert "critical extension" in found.remarks[0]
    harmless = unknown.replace('"true"', '"false"')
    assert len(spans(Service(PKI.root_der, extensions=harmless))) == 1


def test_a_certificate_that_cannot_be_read_is_said_and_the_others_taken() -> None:
    text = TslText(services=[Service(b"\x30\x03junk"), Service(OTHER.root_der)])
    found = read_list(text.signed(XA_SIGNER), [XA_SIGNER.der], now=NOW)
    assert [s.der for s in found.services] == [OTHER.root_der]
    assert "cannot be read" in found.remarks[0]


def test_a_closed_list_has_no_next_update() -> None:
    assert read_list(TslText(due=None).signed(XA_SIGNER), [XA_SIGNER.der], now=NOW).next_update is None


# Who signed it


def test_the_certificate_in_the_signature_proves_nothing() -> None:
    assert refused(TslText().signed(Operator("forger"))) == "wrong-signer"


def test_a_changed_list_is_broken() -> None:
    assert refused(scheme()["/xa.xml"].replace(b"<SchemeTerritory>XA", b"<SchemeTerritory>XB")) == "broken"


def test_a_signer_that_had_expired_when_the_list_was_issued_may_not_sign() -> None:
    late = Operator("late", until=datetime(2026, 5, 1, tzinfo=UTC))
    assert refused(TslText().signed(late), late) == "broken"
    since = Operator("since", until=datetime(2026, 6, 15, tzinfo=UTC))  # between the issue and now
    assert read_list(TslText().signed(since), [since.der], now=NOW).sequence == 10


def test_an_unsigned_list_and_one_signed_twice_are_refused() -> None:
    assert refused(TslText().xml) == "unsigned"
    root = etree.fromstring(scheme()["/xa.xml"])
    root.append(etree.fromstring(etree.tostring(root.find(f"{DS}Signature"))))
    assert refused(etree.tostring(root)) == "unsigned"


def test_a_signature_with_sha1_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from signxml import signer

    monkeypatch.setattr(signer.XMLSigner, "check_deprecated_methods", lambda self: None)
    assert refused(TslText().signed(XA_SIGNER, SignatureMethod.ECDSA_SHA1)) == "broken"


# Wrapping: the element that is read must be the one that was signed, and that is the root


def by_id(xml: bytes) -> bytes:
    """The list signed by a reference to its Id, as some operators do."""
    return sign(xml, XA_SIGNER, reference="list")


def evil() -> etree._Element:
    return etree.fromstring(TslText(services=[Service(OTHER.root_der, name="Forged")]).xml)


def test_a_list_signed_by_its_id_is_read() -> None:
    assert read_list(by_id(TslText().xml), [XA_SIGNER.der], now=NOW).sequence == 10


@pytest.mark.parametrize("id", ["evil", "list", None])
def test_a_forged_list_around_a_genuine_one_is_refused(id: str | None) -> None:
    genuine = etree.fromstring(by_id(TslText().xml))
    signature = genuine.find(f"{DS}Signature")
    assert signature is not None
    outer = evil()
    del outer.attrib["Id"]
    if id is not None:
        outer.set("Id", id)
    genuine.remove(signature)
    outer.append(genuine)
    outer.append(signature)
    assert refused(etree.tostring(outer)) in ("wrapped", "broken")


def test_a_forged_list_with_the_genuine_one_inside_its_signature_is_refused() -> None:
    genuine = etree.fromstring(by_id(TslText().xml))
    signature = genuine.find(f"{DS}Signature")
    assert signature is not None
    outer = evil()
    outer.set("Id", "evil")
    genuine.remove(signature)
    holder = etree.SubElement(signature, f"{DS}Object")
    holder.append(genuine)
    outer.append(signature)
    assert refused(etree.tostring(outer)) in ("wrapped", "broken")


def test_a_signature_over_something_else_signs_no_list() -> None:
    other = b'<Note xmlns="urn:example" Id="note">Lists are fine.</Note>'
    note = etree.fromstring(sign(other, XA_SIGNER, reference="note"))
    signature = note.find(f"{DS}Signature")
    assert signature is not None
    note.remove(signature)
    outer = evil()
    outer.append(note)
    outer.append(signature)
    assert refused(etree.tostring(outer)) == "wrapped"


# Hostile and broken XML


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>404</html>",
        b"<TrustServiceStatusList/>",
        b'<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"/>',
        b"\xff\xfe" + TslText().xml.decode().encode("utf-16-le"),
        TslText().xml[:-30],
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + TslText().xml.split(b"?>", 1)[1],
        b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><lolz>&b;</lolz>',
        b"<a>" * 100_000,
    ],
    ids=["empty", "page", "no-namespace", "bare", "utf-16", "torn", "xxe", "laughs", "deep"],
)
def test_what_is_no_list_is_malformed(data: bytes) -> None:
    assert refused(data) == "malformed"


def test_an_entity_in_a_document_type_of_another_encoding_is_not_read() -> None:
    text = (
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY e "x">]>'
        + TslText().xml.decode().split("?>", 1)[1]
    )
    assert refused(text.encode("utf-16")) == "malformed"


def test_a_list_beyond_the_limit_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trustlists, "MOST_BYTES", 100)
    assert refused(scheme()["/xa.xml"]) == "too-large"


@pytest.mark.parametrize("change", [{"version": "4"}, {"territory": "Germany"}])
def test_a_signed_list_of_another_kind_is_malformed(change: dict[str, str]) -> None:
    assert refused(replace(TslText(), **change).signed(XA_SIGNER)) == "malformed"  # type: ignore[arg-type]


def test_a_list_from_the_future_is_refused() -> None:
    assert refused(TslText(issued=NOW + timedelta(days=3)).signed(XA_SIGNER)) == "future"


# Fetching


def wanted(*territories: str, signer: Operator = LOTL_SIGNER, path: str = "lotl.xml") -> WantedList:
    chosen = frozenset(territories) if territories else None
    return WantedList(f"{BASE}/{path}", (signer.der,), chosen, frozenset({"CA/QC", "TSA/QTST"}))


def getting(files: Files) -> Callable[[str], bytes]:
    def get(url: str) -> bytes:
        try:
            return files[url.removeprefix(BASE)]
        except KeyError:
            raise VerifyError("trust-list-unfetched", f"{url}: http-404", "Try later.") from None

    return get


def fetched(files: Files, one: WantedList, before: Updated | None = None, now: datetime = NOW) -> Updated:
    if before is None:
        return update(one, Before(), get=getting(files), now=now)
    documents = dict(zip([k.sha256 for k in before.kept.lists], before.documents, strict=True)) if before.kept else {}

    def document(kept: KeptList) -> bytes | None:
        return documents.get(kept.sha256)

    return update(one, Before(before.kept, document), get=getting(files), now=now)


def territories(found: Updated) -> list[str]:
    return [one.territory for one in found.kept.lists] if found.kept else []


def codes(found: Updated) -> list[tuple[str, str, bool]]:
    return [(f.what, f.error.code.removeprefix("trust-list-"), f.kept) for f in found.failures]


def test_the_whole_scheme_is_fetched_and_each_list_held_against_its_own_signers() -> None:
    found = fetched(scheme(), wanted())
    assert (territories(found), found.failures, found.rotated) == (["EU", "XA", "XB"], (), ())
    assert found.kept is not None and [one.fetched for one in found.kept.lists] == [NOW] * 3


def test_only_the_territories_asked_for_are_fetched_and_unknown_ones_said() -> None:
    found = fetched(scheme(), wanted("XB", "XQ"))
    assert (territories(found), codes(found)) == (["EU", "XB"], [("XQ", "no-pointer", False)])


def test_a_national_list_by_itself_needs_no_list_of_lists() -> None:
    found = fetched(scheme(), wanted(signer=XA_SIGNER, path="xa.xml"))
    assert territories(found) == ["XA"]


def test_a_list_of_lists_by_another_signer_gives_nothing() -> None:
    found = fetched(scheme(), wanted(signer=Operator("other")))
    assert (found.kept, codes(found)) == (None, [("the list", "wrong-signer", False)])


def test_a_national_list_may_be_signed_by_nobody_but_its_own_operator() -> None:
    forged = scheme() | {"/xa.xml": TslText("XA").signed(XB_SIGNER)}
    found = fetched(forged, wanted())
    assert (territories(found), codes(found)) == (["EU", "XB"], [("XA", "wrong-signer", False)])


def test_an_operator_may_not_speak_for_another_territory() -> None:
    found = fetched(scheme() | {"/xa.xml": TslText("XB").signed(XA_SIGNER)}, wanted())
    assert codes(found) == [("XA", "territory", False)]


def test_what_cannot_be_fetched_leaves_the_former_list_in_use() -> None:
    before = fetched(scheme(), wanted())
    files = {k: v for k, v in scheme().items() if k != "/xa.xml"}
    found = fetched(files, wanted(), before, now=NOW + timedelta(days=1))
    assert (territories(found), codes(found)) == (["EU", "XA", "XB"], [("XA", "unfetched", True)])
    assert found.kept is not None
    assert [one.fetched - NOW for one in found.kept.lists] == [timedelta(1), timedelta(0), timedelta(1)]
    nothing = fetched({}, wanted(), before)
    assert (territories(nothing), len(nothing.failures)) == (["EU", "XA", "XB"], 3)


def test_a_genuine_list_of_the_past_does_not_bring_back_what_was_withdrawn() -> None:
    newer = TslText("XA", number=11, issued=NOW).signed(XA_SIGNER)
    before = fetched(scheme() | {"/xa.xml": newer}, wanted())
    found = fetched(scheme(), wanted(), before)
    assert codes(found) == [("XA", "older", True)]
    assert found.kept is not None and found.kept.lists[1].sequence == 11


def test_a_former_list_goes_when_its_signer_is_named_no_more() -> None:
    before = fetched(scheme(), wanted())
    pointers = [
        To(f"{BASE}/lotl.xml", "EU", [LOTL_SIGNER.der], "EUlistofthelists"),
        To(f"{BASE}/xa.xml", "XA", [XB_SIGNER.der]),
    ]
    lotl = TslText("EU", "EUlistofthelists", 301, pointers=pointers).signed(LOTL_SIGNER)
    found = fetched({"/lotl.xml": lotl}, wanted(), before)
    assert (territories(found), codes(found)) == (["EU"], [("XA", "unfetched", False)])


def test_an_overdue_list_is_kept_for_the_profile_to_decide() -> None:
    overdue = TslText("XA", due=NOW - timedelta(days=1)).signed(XA_SIGNER)
    found = fetched(scheme() | {"/xa.xml": overdue}, wanted())
    assert found.kept is not None and [one.facts.stale(NOW) for one in found.kept.lists] == [False, True, False]


@pytest.mark.parametrize(("year", "holds"), [(2022, True), (2024, False)])
def test_a_signature_holds_if_it_was_made_while_the_service_was_granted(tmp_path: Path, year: int, holds: bool) -> None:
    store, one = TrustStore(tmp_path), wanted()
    found = fetched(scheme(), one)
    assert found.kept is not None
    store.keep(one, found.kept, found.documents)
    anchors = store.anchors(Profile("eu", TrustAnchors("eu", ()), (one,)), NOW)
    when = datetime(year, 6, 3, tzinfo=UTC)  # the service of XB was withdrawn in May 2023
    pdf = sign_pdf(
        contract(), OTHER.signer(NAME), at=when, timestamper=PKI.timestamper(when + timedelta(minutes=1)), revocation=OTHER
    )  # fmt: skip
    path = only(pdf, anchors, NOW).path
    assert path is not None and (path.complete, path.problem) == (holds, None if holds else "no-path")


# Signers of the list of lists that change


def test_another_schemes_list_of_lists_does_not_name_this_ones_signers() -> None:
    pointers = [
        To(f"{BASE}/other.xml", "EU", [XB_SIGNER.der], "AdESlistofthelists"),
        To(f"{BASE}/lotl.xml", "EU", [LOTL_SIGNER.der], "EUlistofthelists"),
    ]
    text = TslText("EU", "EUlistofthelists", 300, pointers=pointers)
    assert read_list(text.signed(LOTL_SIGNER), [LOTL_SIGNER.der], now=NOW).successors == (LOTL_SIGNER.der,)


def lotl(number: int, by: Operator, names: Operator, *pivots: str) -> bytes:
    pointers = [
        To(f"{BASE}/lotl.xml", "EU", [names.der], "EUlistofthelists"),
        To(f"{BASE}/xa.xml", "XA", [XA_SIGNER.der]),
    ]
    text = TslText("EU", "EUlistofthelists", number, pointers=pointers, pivots=[f"{BASE}/{p}" for p in pivots])
    return text.signed(by)


SECOND, THIRD = Operator("lotl 2"), Operator("lotl 3")


def rotated() -> Files:
    """LOTL_SIGNER named SECOND in pivot 310, who named THIRD in pivot 320, who signed no. 330."""
    return {
        "/lotl.xml": lotl(330, THIRD, THIRD, "pivot-320.xml", "pivot-310.xml"),
        "/pivot-310.xml": lotl(310, LOTL_SIGNER, SECOND),
        "/pivot-320.xml": lotl(320, SECOND, THIRD, "pivot-310.xml"),
        "/xa.xml": scheme()["/xa.xml"],
    }


@pytest.mark.parametrize("pinned", [LOTL_SIGNER, SECOND], ids=["two-steps", "one-step"])
def test_pivots_lead_from_the_pinned_signers_to_todays_and_that_is_said(pinned: Operator) -> None:
    found = fetched(rotated(), wanted(signer=pinned))
    assert (territories(found), found.failures, found.rotated) == (["EU", "XA"], (), (THIRD.der,))


def test_a_way_with_a_step_missing_or_forged_leads_nowhere() -> None:
    for pivot in (None, lotl(310, Operator("forger"), SECOND)):
        files = rotated() | ({"/pivot-310.xml": pivot} if pivot else {})
        if pivot is None:
            del files["/pivot-310.xml"]
        found = fetched(files, wanted())
        assert (found.kept, codes(found)) == (None, [("the list", "wrong-signer", False)])


def test_the_kept_lists_own_word_on_its_signers_is_enough_without_pivots() -> None:
    before = fetched(rotated(), wanted())
    found = fetched({"/lotl.xml": lotl(331, THIRD, THIRD), "/xa.xml": scheme()["/xa.xml"]}, wanted(), before)
    assert (territories(found), found.failures, found.rotated) == (["EU", "XA"], (), (THIRD.der,))


def test_a_former_signers_key_opens_no_way_back() -> None:
    before = fetched({"/lotl.xml": lotl(330, LOTL_SIGNER, LOTL_SIGNER)}, wanted("XA"))
    # An old pivot, genuine, named SECOND; his key was lost since, and the list of lists is forged with it.
    forged = {"/lotl.xml": lotl(340, SECOND, SECOND, "pivot-310.xml"), "/pivot-310.xml": lotl(310, LOTL_SIGNER, SECOND)}
    found = fetched(forged, wanted("XA"), before)
    assert ("the list", "wrong-signer", True) in codes(found)
    assert found.kept is not None and found.kept.lists[0].sequence == 330


def test_what_is_kept_is_words_and_base64_alone() -> None:
    found = fetched(scheme(), wanted()).kept
    assert found is not None
    assert type(found).model_validate_json(found.model_dump_json()) == found
    assert base64.b64decode(found.lists[0].successors[0]) == LOTL_SIGNER.der
