"""What is trusted: folders, profiles, the store; what each refuses, and what the report's provenance says of it."""

from __future__ import annotations

import base64
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from verify.core.document import digest
from verify.core.errors import UsageError
from verify.simulation.pki import TestPki
from verify.stores.trust import NO_ANCHORS, Anchor, PathConstraints, TrustAnchors, anchors_from, merged
from verify.stores.trustprofile import load_profile
from verify.stores.truststore import Kept, KeptList, KeptService, TrustStore, trusted

NOW = datetime(2026, 6, 30, tzinfo=UTC)
PKI = TestPki()
OTHER = TestPki(seed="other", organisation="无名虚构证书中心")
EVERYTHING = """
name = "contracts"
stale = "refuse"
[[anchors]]
from = "roots"
for = ["signing"]
[[anchors]]
from = "tsa.der"
for = ["time-stamping"]
[[list]]
url = "https://lists.example/lotl.xml"
signers = "roots"
territories = ["XA", "XB"]
services = ["CA/QC"]
[paths]
policies = ["1.2.3"]
explicit_policy = true
"""


def pem(der: bytes, label: str = "CERTIFICATE") -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "root.pem").write_text(pem(PKI.root_der))
    (tmp_path / "tsa.der").write_bytes(OTHER.root_der)
    return tmp_path


def profile(desk: Path, text: str) -> Path:
    file = desk / "contracts.toml"
    file.write_text(text)
    return file


def refused(code: str, told: pytest.ExceptionInfo[UsageError]) -> str:
    assert told.value.code == code
    return told.value.message


def test_a_folder_gives_its_certificates_once_each_for_every_purpose(desk: Path) -> None:
    (desk / "roots" / "again.crt").write_bytes(PKI.root_der)
    (desk / "roots" / "both.pem").write_text(pem(PKI.root_der, "TRUSTED CERTIFICATE") + pem(OTHER.root_der))
    (desk / "roots" / "notes.txt").write_text("no certificate")
    found = anchors_from([desk / "roots"])
    assert set(found.certificates) == {PKI.root_der, OTHER.root_der}
    assert len(found.of("signing")) == len(found.of("time-stamping")) == 2


def test_what_is_no_certificate_is_none_and_damaged_pem_is_said_with_its_file(desk: Path) -> None:
    (desk / "lists").mkdir()
    (desk / "lists" / "revoked.der").write_bytes(PKI.crl(NOW))
    (desk / "lists" / "key.der").write_bytes(PKI.signer("x").key)
    with pytest.raises(UsageError) as told:
        anchors_from([desk / "lists"])
    refused("trust-empty", told)
    whole = pem(PKI.root_der)
    for torn in (
        whole[:-40],
        whole.replace("\nMII", "\nXII"),
        whole.replace("=", "").replace("\n-----END", "A\n-----END"),
    ):
        (desk / "roots" / "torn.pem").write_text(torn)
        with pytest.raises(UsageError) as told:
            anchors_from([desk / "roots"])
        assert "torn.pem" in refused("trust-unreadable", told)


def test_a_profile_says_what_is_trusted_for_what(desk: Path) -> None:
    found = load_profile(profile(desk, EVERYTHING))
    assert [a.certificate for a in found.own.of("signing")] == [PKI.root_der]
    assert [a.certificate for a in found.own.of("time-stamping")] == [OTHER.root_der]
    assert found.own.constraints == PathConstraints(frozenset({"1.2.3"}), True, False, False)
    (wanted,) = found.lists
    assert (wanted.signers, wanted.territories, wanted.services) == (
        (PKI.root_der,), frozenset({"XA", "XB"}), frozenset({"CA/QC"}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("stale", "stael", "stael"),
        ("for =", "four =", "anchors.0.four"),
        ("territories", "territory", "list.0.territory"),
        ("explicit_policy", "explicit-policy", "paths.explicit-policy"),
        ('"refuse"', '"perhaps"', "stale"),
        ('["signing"]', '["singing"]', "anchors.0.for"),
        ('"CA/QC"', '"CA/QQ"', "list.0.services"),
        ('"XA"', '"Germany"', "list.0.territories"),
        ('"1.2.3"', '"any"', "paths.policies"),
        ("https:", "ftp:", "list.0.url"),
        ('name = "contracts"', 'name = "../x"', "name"),
        ("[paths]", "[paths", "contracts.toml"),
    ],
)
def test_a_misspelt_profile_fails_when_it_is_read_and_names_the_key(
    desk: Path, right: str, wrong: str, named: str
) -> None:
    assert right in EVERYTHING
    with pytest.raises(UsageError) as told:
        load_profile(profile(desk, EVERYTHING.replace(right, wrong, 1)))
    assert named in refused("trust-profile-invalid", told)


def test_a_profiles_missing_or_empty_folder_is_said(desk: Path) -> None:
    with pytest.raises(UsageError) as told:
        load_profile(profile(desk, EVERYTHING.replace("tsa.der", "gone")))
    refused("trust-missing", told)
    (desk / "roots" / "root.pem").unlink()
    with pytest.raises(UsageError) as told:
        load_profile(profile(desk, EVERYTHING))
    refused("trust-empty", told)


def test_the_digest_is_of_the_content_and_of_every_limit() -> None:
    plain = TrustAnchors("a", (PKI.root_der, OTHER.root_der))
    assert plain.digest == TrustAnchors("b", (OTHER.root_der, PKI.root_der)).digest
    said = merged("c", [TrustAnchors("a", (OTHER.root_der,)), TrustAnchors("b", (PKI.root_der,))])
    assert said.digest == plain.digest

    def one(**limits: object) -> str:
        return TrustAnchors("a", (PKI.root_der,), (Anchor(PKI.root_der, **limits),)).digest  # type: ignore[arg-type]

    different = {
        one(),
        one(purposes=frozenset({"signing"})),
        one(since=NOW),
        one(until=NOW),
        one(qualified=True),
        TrustAnchors("a", (PKI.root_der,), constraints=PathConstraints(explicit_policy=True)).digest,
    }
    assert len(different) == 6
    assert one(source="here") == one(source="there") == TrustAnchors("a", (PKI.root_der,)).digest


def test_one_certificate_for_two_purposes_is_one_anchor() -> None:
    halves = [
        TrustAnchors("a", (PKI.root_der,), (Anchor(PKI.root_der, frozenset({p})),))
        for p in ("signing", "time-stamping")
    ]  # type: ignore[arg-type]
    joined = merged("both", halves)
    assert (len(joined.anchors), joined.digest) == (1, TrustAnchors("a", (PKI.root_der,)).digest)


def test_two_profiles_that_ask_different_things_of_paths_are_not_mixed(desk: Path) -> None:
    strict = TrustAnchors("a", (PKI.root_der,), constraints=PathConstraints(explicit_policy=True))
    other = TrustAnchors("b", (PKI.root_der,), constraints=PathConstraints(inhibit_mapping=True))
    with pytest.raises(UsageError) as told:
        merged("both", [strict, other])
    refused("trust-constraints", told)
    assert merged("both", [strict, anchors_from([desk / "roots"])]).constraints.explicit_policy


def kept(url: str, signers: tuple[bytes, ...], due: datetime | None) -> Kept:
    service = KeptService(
        certificate=base64.b64encode(OTHER.root_der).decode(), service="CA/QC", source="TSL XA: Northlight",
        since=datetime(2016, 7, 1, tzinfo=UTC), until=None, qualified=True,
    )  # fmt: skip
    stamps = service.model_copy(update={"service": "TSA/QTST"})
    one = KeptList(
        url=url, territory="XA", of_lists=False, sha256="ab" * 32, signer="cd" * 32, sequence=4,
        issued=datetime(2026, 1, 1, tzinfo=UTC), next_update=due, fetched=NOW, services=(service, stamps),
    )  # fmt: skip
    return Kept(url=url, signers=tuple(map(digest, signers)), lists=(one,))


def with_list(desk: Path, *, due: datetime | None, stale: str = "use", keep: bool = True) -> tuple[TrustStore, Path]:
    file = profile(
        desk,
        f'name = "contracts"\nstale = "{stale}"\n[[list]]\nurl = "https://lists.example/xa.xml"\nsigners = "roots"\n'
        'services = ["CA/QC"]\n',
    )
    store = TrustStore(desk / "store")
    if keep:
        (wanted,) = load_profile(file).lists
        store.keep(wanted, kept(wanted.url, wanted.signers, due), [b"<list/>"])
    return store, file


def test_a_kept_lists_services_are_anchors_and_the_provenance_names_the_list(desk: Path) -> None:
    store, file = with_list(desk, due=NOW + timedelta(days=1))
    found = trusted([file], store, default="default", now=NOW)
    (anchor,) = found.anchors  # the time-stamping service is not asked for
    assert (anchor.certificate, anchor.qualified, anchor.territory) == (OTHER.root_der, True, "XA")
    assert (anchor.purposes, anchor.since) == (frozenset({"signing"}), datetime(2016, 7, 1, tzinfo=UTC))
    assert found.described == (
        f"contracts (1 roots, {found.digest[:16]}; lists: XA {'ab' * 8} of 2026-01-01, due 2026-07-01)"
    )
    assert pickle.loads(pickle.dumps(found)) == found


@pytest.mark.parametrize("due", [NOW - timedelta(days=1), None])
def test_an_overdue_list_is_used_and_said_or_refused(desk: Path, due: datetime | None) -> None:
    store, file = with_list(desk, due=due)
    found = trusted([file], store, default="default", now=NOW)
    assert len(found.certificates) == 1
    assert f"stale: XA {'due 2026-06-29' if due else 'closed'}" in found.described
    store, file = with_list(desk, due=due, stale="refuse")
    with pytest.raises(UsageError) as told:
        trusted([file], store, default="default", now=NOW)
    refused("trust-list-stale", told)


def test_a_list_that_was_never_fetched_gives_no_anchor_and_says_so(desk: Path) -> None:
    store, file = with_list(desk, due=None, keep=False)
    with pytest.raises(UsageError) as told:
        trusted([file], store, default="default", now=NOW)
    assert "never fetched" in refused("trust-empty", told)
    _, file = with_list(desk, due=None, keep=False, stale="refuse")
    with pytest.raises(UsageError) as told:
        trusted([file], store, default="default", now=NOW)
    refused("trust-list-stale", told)


def test_what_other_signers_vouched_for_is_not_found_under_new_ones(desk: Path) -> None:
    store, file = with_list(desk, due=NOW + timedelta(days=1))
    (desk / "roots" / "root.pem").write_text(pem(OTHER.root_der))
    (wanted,) = load_profile(file).lists
    assert store.kept(wanted) is None


def test_a_damaged_index_is_said_and_a_damaged_list_is_not_used(desk: Path) -> None:
    store, file = with_list(desk, due=None)
    (wanted,) = load_profile(file).lists
    found = store.kept(wanted)
    assert found is not None and store.document(found.lists[0]) is None  # its bytes are not those of its digest
    (index,) = (store.folder / "lists").glob("*.json")
    index.write_text("{")
    with pytest.raises(UsageError) as told:
        store.kept(wanted)
    refused("trust-store-damaged", told)


def test_an_update_that_cannot_be_written_leaves_the_former_state(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, file = with_list(desk, due=None)
    (wanted,) = load_profile(file).lists
    before = {p: p.read_bytes() for p in (store.folder / "lists").iterdir()}

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError) as told:
        store.keep(wanted, kept(wanted.url, wanted.signers, NOW), [b"<newer/>"])
    assert "No space left" in refused("trust-store-unwritable", told)
    assert {p: p.read_bytes() for p in (store.folder / "lists").iterdir()} == before


def test_lists_that_are_named_no_more_are_removed(desk: Path) -> None:
    store, file = with_list(desk, due=None)
    (wanted,) = load_profile(file).lists
    renewed = kept(wanted.url, wanted.signers, None)
    data = b"<newer/>"
    one = renewed.lists[0].model_copy(update={"sha256": digest(data)})
    store.keep(wanted, renewed.model_copy(update={"lists": (one,)}), [data])
    assert [p.name for p in (store.folder / "lists").glob("*.xml")] == [f"{digest(data)}.xml"]


def test_the_default_profile_is_used_only_where_it_holds_anchors(desk: Path) -> None:
    store = TrustStore(desk / "store")
    assert trusted([], store, default="default", now=NOW) is NO_ANCHORS
    (desk / "store").mkdir()
    (desk / "store" / "default.toml").write_text('name = "default"\n')
    assert trusted([], store, default="default", now=NOW) is NO_ANCHORS
    store.add(PKI.root_der, profile="default", purposes=frozenset({"signing"}), label="Root/../x")
    found = trusted([], store, default="default", now=NOW)
    assert (found.name, found.certificates, len(found.of("time-stamping"))) == ("default", (PKI.root_der,), 0)
    assert trusted([], store, default="other", now=NOW) is NO_ANCHORS


def test_an_added_certificate_stands_beside_those_of_the_profiles_toml(desk: Path) -> None:
    store = TrustStore(desk / "store")
    both: frozenset[str] = frozenset({"signing", "time-stamping"})
    for _ in range(2):
        file = store.add(OTHER.root_der, profile="contracts", purposes=both, label="")  # type: ignore[arg-type]
    assert file.parent.parent == desk / "store" / "contracts"
    (desk / "store" / "contracts.toml").write_text(
        'name = "contracts"\n[[anchors]]\nfrom = "../roots"\nfor = ["signing"]\n'
    )
    (desk / "store" / "signers").mkdir()  # a folder for a list's signers is no profile
    assert store.names() == ["contracts"]
    found = trusted([Path("contracts")], store, default="default", now=NOW)
    assert [len(found.of(p)) for p in ("signing", "time-stamping")] == [2, 1]  # type: ignore[arg-type]


def test_a_stored_profile_has_its_files_name_and_an_unknown_one_is_said(desk: Path) -> None:
    store = TrustStore(desk / "store")
    (desk / "store").mkdir()
    (desk / "store" / "a.toml").write_text('name = "b"\n')
    with pytest.raises(UsageError) as told:
        store.profile("a")
    refused("trust-profile-invalid", told)
    with pytest.raises(UsageError) as told:
        store.profile("c")
    refused("trust-unknown", told)
    with pytest.raises(UsageError) as told:
        trusted([Path("c")], store, default="default", now=NOW)
    refused("trust-missing", told)


def test_a_path_that_exists_goes_before_a_stored_profile_of_its_name(
    desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TrustStore(desk / "store")
    store.add(OTHER.root_der, profile="roots", purposes=frozenset({"signing"}), label="x")
    monkeypatch.chdir(desk)
    assert trusted([Path("roots")], store, default="default", now=NOW).certificates == (PKI.root_der,)
    monkeypatch.chdir(desk / "store")
    (desk / "store" / "elsewhere").mkdir()
    monkeypatch.chdir(desk / "store" / "elsewhere")
    assert trusted([Path("roots")], store, default="default", now=NOW).certificates == (OTHER.root_der,)
