"""Cases built by hand and judged under the default policy: what a page has to show."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

from tests.builders import AT, OWNER, agreement, certificate, comparison, dossier, imprint, seal_record, signature
from verify.agreement.evidence import UseFact
from verify.core.errors import NotExamined, Problem
from verify.core.exhibits import Piece, piece
from verify.core.policy import judge
from verify.imprints.evidence import Likelihood, Line, Making, Quality, Reuse, TextRead
from verify.kinds import CHECKS, AnyEvidence
from verify.report import Case, Commission, DocumentDate, DocumentFacts, Provenance, Report
from verify.signatures.evidence import Algorithms, Appearance, Change, Path, RevocationFact, Timestamp
from verify.stores.policies import policy_named

SEAL = "xinghe-contract-0017"
SIGNED = datetime(2026, 3, 12, 9, 30, tzinfo=UTC)
ROLES = (
    "questioned", "reference", "aligned", "overlay", "difference", "fold", "residuals", "measures", "questioned-ink",
    "reference-ink",
)  # fmt: skip
Pictures = Mapping[str, bytes]


def case(
    *evidence: AnyEvidence, pieces: tuple[Piece, ...] = (), seals: tuple[str, ...] = (SEAL,), **facts: Any
) -> Case:
    """A judged case; `facts` are the document's and `problems`."""
    problems = facts.pop("problems", ())
    base = {
        "sha256": "3f9ac1" + "0b7d" * 14 + "e2",
        "name": "contract.pdf",
        "format": "pdf",
        "bytes": 348_211,
        "pages": 3,
    }
    document = DocumentFacts(**(base | facts))
    draft = dossier(*evidence)
    provenance = Provenance(
        version="0.1.0",
        policy="default",
        models={"seals-1": "5d" * 32},
        trust="demonstration (2c71…)",
        at=AT,
        seals={s: "9e" * 32 for s in seals},
        uses="77" * 32,
    )
    draft = type(draft)(draft.evidence, document, provenance, problems)
    found, verdict = judge(draft, policy_named("default", CHECKS), CHECKS)
    report = Report(
        document=document,
        evidence=draft.evidence,
        findings=found,
        verdict=verdict,
        problems=problems,
        exhibits=tuple(p.exhibit for p in pieces),
        provenance=provenance,
    )
    return Case(reports=(report,), exhibits={p.exhibit.sha256: p.data for p in pieces})


def ratios(**log10_lr: float | None) -> tuple[Likelihood, ...]:
    values = {"another_seal": 2.61, "remake": 2.34, "near_copy": 0.52, "twin": None, "combined": 1.12} | log10_lr
    return tuple(
        Likelihood(
            against=name.replace("_", "-"),
            log10_lr=value,
            limits=None if value is None else (-2.61, 2.61),
            interval95=None
            if value is None
            else (round(max(value - 0.45, -2.61), 2), round(min(value + 0.4, 2.61), 2)),
            calibration="seals-1",
            basis="simulated",
            reason="cannot-separate-twins" if value is None else None,
        )
        for name, value in values.items()
    )


def passed(pictures: Pictures | None = None) -> Case:
    """Signed, stamped, timestamped, with the approved use in the ledger."""
    return case(
        _signed(),
        _stamped(ratios()),
        agreement(signatures=1, imprints=1, signers=(OWNER,), date=SIGNED, date_source="timestamp"),
        _held(),
        pieces=_pieces(pictures or drawn()),
        name="采购合同 2026-018.pdf",
        date=DocumentDate(value=SIGNED, source="timestamp"),
    )


def failed(pictures: Pictures | None = None) -> Case:
    """A scan whose seal points to a remake, of a seal retired before; commissioned."""
    made = case(
        _stamped(ratios(another_seal=1.02, remake=-2.61, near_copy=-1.9, combined=-2.2), box_mm=None),
        agreement(imprints=1, date=date(2026, 3, 12), date_source="read"),
        _held(
            seal=seal_record(
                id=SEAL, owner=OWNER, kind="contract", text=OWNER, status="retired", status_changed=date(2024, 5, 1)
            ),
            date=date(2026, 3, 12), date_source="read", ledger_covers=None, uses=(), signers=(), signer_accord="unknown",
        ),
        pieces=_pieces(pictures or drawn()),
        name="guarantee-letter-scan.png",
        format="image",
        pages=1,
        bytes=4_812_004,
        date=DocumentDate(value=date(2026, 3, 12), source="read"),
        remarks=("The file is a PNG although its name ends in .jpg.",),
    )  # fmt: skip
    custody = ("2026-06-29 received by e-mail, SHA-256 3f9ac1…", "2026-06-30 examined")
    return Case(
        made.reports,
        made.exhibits,
        Commission(asked_by="Example & Partners", question="Is it the seal?", custody=custody),
    )


def undecided(pictures: Pictures | None = None) -> Case:
    """A chain that leads nowhere, changes that cannot be told, a poor imprint, a strange one, pages left out, a problem."""
    poor = _stamped(
        tuple(
            Likelihood(against=x.against, log10_lr=None, calibration="seals-1", basis="simulated", reason="insufficient-too-blurred")
            for x in ratios()
        ),
        quality=Quality(sufficient=False, reasons=("too-blurred", "too-little-ink")),
        dpi=None, box_mm=None, size_mm=None, text=TextRead(reason="unreadable"),
    )  # fmt: skip
    return case(
        _signed(
            modification="unknown",
            modification_detail="unlisted-bytes",
            changes=(Change(revision=2, object="page 2, content", kind="unlisted"),),
            path=Path(complete=False, certificates=(certificate(),), problem="no-path", detail="no-path"),
            best_time=None,
            timestamps=(),
            revocation=(),
            indication="INDETERMINATE",
            sub_indication="NO_CERTIFICATE_CHAIN_FOUND",
        ),
        poor,
        imprint(id="imprint-2", shape="other", ink="blue", page=2),
        agreement(signatures=1, imprints=2),
        pieces=_pieces(pictures or drawn()),
        pages=80,
        not_examined=(NotExamined(pages="61-80", why="imprints are looked for on 60 pages"),),
        problems=(
            Problem(where=f"imprint-1/{SEAL}", code="not-compared", message=f"{SEAL} of {OWNER} has no specimen"),
            Problem(where="page 7", code="page-not-searched", message="the page's picture is broken"),
        ),
    )


def _signed(**changes: Any) -> Any:
    chain = (
        certificate(not_before=datetime(2025, 1, 1, tzinfo=UTC), not_after=datetime(2028, 1, 1, tzinfo=UTC),
                    organisation_id="91990000MADEMX01", key_usage=("digitalSignature", "nonRepudiation")),
        certificate(subject="CN=Example Issuing CA 3", common_name="Example Issuing CA 3", organisation=None, sha256="b" * 64,
                    not_before=datetime(2020, 1, 1, tzinfo=UTC), not_after=datetime(2035, 1, 1, tzinfo=UTC)),
        certificate(subject="CN=Example Root CA", common_name="Example Root CA", organisation=None, sha256="a" * 64, self_signed=True,
                    not_before=datetime(2015, 1, 1, tzinfo=UTC), not_after=datetime(2045, 1, 1, tzinfo=UTC)),
    )  # fmt: skip
    base: dict[str, Any] = {
        "level": "PAdES-B-LT",
        "coverage": "revision",
        "revision": 1,
        "revisions": 2,
        "modification": "permitted",
        "changes": (Change(revision=2, object="validation data (DSS)", kind="added", permitted_by="validation-data"),),
        "algorithms": Algorithms(digest="sha256", signature="rsa", key_bits=3072),
        "signer": chain[0],
        "appearance": Appearance(page=3, box_mm=(110.0, 190.0, 45.0, 45.0)),
        "claimed_time": SIGNED - timedelta(minutes=2),
        "best_time": SIGNED,
        "path": Path(complete=True, certificates=chain, anchor="Example Root CA", at=SIGNED),
        "timestamps": (Timestamp(kind="signature", time=SIGNED, intact=True, trusted=True, authority="Example TSA 1"),),
        "revocation": (
            RevocationFact(
                certificate="c" * 64,
                source="ocsp",
                status="good",
                this_update=SIGNED,
                next_update=SIGNED + timedelta(days=7),
            ),
        ),
        "signed_revision_sha256": "41" * 32,
        "reason": "Contract 2026-018",
    }
    return signature(**(base | changes))


def _stamped(likelihoods: tuple[Likelihood, ...], **changes: Any) -> Any:
    held = comparison(
        SEAL,
        of=12,
        claimed_by=("text", "certificate"),
        likelihoods=likelihoods,
        reuse=Reuse(log10_lr=-1.8, same_impression=False),
        making=Making(kind="unknown", reason="making-not-decided"),
        lines=(
            Line(what="width", unit="mm", reference=38.864, questioned=39.336, unexplained=-0.006, deviation=0.061),
            Line(what="arc-angle", unit="deg", reference=230.9, questioned=231.6, unexplained=2.43, deviation=0.27),
        ),
        measures={
            "ncc": 0.9312,
            "ncc_edge": 0.8704,
            "jitter_mm": 0.0112,
            "added_share": 0.0123,
            "scale": None,
            "units": 31.0,
        },
    )
    base: dict[str, Any] = {
        "page": 3,
        "text": TextRead(arc=OWNER, lines=("合同专用章",), code="9900000010017", confidence=0.93),
    }
    return imprint(held, **(base | changes))


def _held(**changes: Any) -> Any:
    base: dict[str, Any] = {
        "signatures": 1,
        "imprints": 1,
        "seal": seal_record(
            id=SEAL, owner=OWNER, unified_code="91990000MADEMX01", unit="合同管理部", kind="contract",
            text=f"{OWNER}合同专用章", valid_from=date(2024, 1, 1), valid_to=date(2027, 1, 1),
        ),
        "text_read": f"{OWNER} 合同专用章",
        "text_accord": "agrees",
        "text_similarity": 0.97,
        "signers": (OWNER,),
        "signer_accord": "agrees",
        "date": SIGNED,
        "date_source": "timestamp",
        "ledger_covers": True,
        "uses": (
            UseFact(id="USE-2026-0311", seal=SEAL, status="approved", decided=SIGNED - timedelta(days=1),
                    document_sha256="41" * 32, names_document_by="digest", content_matches=True),
        ),
    }  # fmt: skip
    return agreement("imprint-1", **(base | changes))


def _pieces(pictures: Pictures) -> tuple[Piece, ...]:
    of_page = piece(pictures["page"], type="image/png", role="page", subject="document", page=3)
    return (
        of_page,
        *(
            piece(pictures[role], type="image/png", role=role, subject="imprint-1" if role == "questioned" else f"imprint-1/{SEAL}", page=3)
            for role in ROLES
        ),
    )  # fmt: skip


@cache
def drawn() -> Pictures:
    """Small pictures, each of its own colour, the page larger than is shown."""
    pictures = {"page": png(Image.new("RGB", (1000, 1400), "white"))}
    for number, role in enumerate(ROLES):
        image = Image.new("RGB", (120, 120), "white")
        ImageDraw.Draw(image).ellipse((10, 10, 110, 110), outline=(200, 20 * number, 30), width=6)
        pictures[role] = png(image)
    return pictures


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


CASES = {"passed": passed, "failed": failed, "undecided": undecided}
