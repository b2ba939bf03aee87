"""Rows about what changed after signing: harmless, forbidden, and the known attacks, by structure and by sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name, pdf_string

from tests.signatures.table.builders import longterm, plain, store, update
from tests.signatures.table.edits import (
    SENTENCE,
    SENTENCE_MM,
    add_empty_signature,
    add_page,
    annotate,
    dictionary,
    fill,
    hide_in_hybrid,
    lose_table,
    of_catalogue,
    of_signature,
    page_of,
    rearrange,
    reveal,
    same_value_elsewhere,
    switch_layers,
    turn,
    two_pages,
    unannotate,
    unlist,
    with_a_hidden_object,
    with_layers,
)
from tests.signatures.table.rows import Row, failed, open_, passed
from verify.simulation.tampering import append_bytes, change_text, save_incrementally_broken, swap_appearance

_CHANGED = "EN 319 102-1, 5.2.2.4 with ISO 32000-2, 12.8.2: what is shown is not what was signed"
_FORM = "ISO 32000-2, 12.8.1"
_SEEN = failed("FORMAT_FAILURE", modification="suspicious", unexplained="some")
_BROKEN = failed("FORMAT_FAILURE", modification="suspicious")
_HELD = passed(modification="permitted")
_DOUBTED = open_("GENERIC", modification="unknown")
_OTHER = "The fee is 900,000 fictional crowns."


def _again(writer: Any) -> None:
    """The page is written again as it was."""
    writer.update_container(page_of(writer))


def _titled(writer: Any) -> None:
    writer.set_info(dictionary(Title=pdf_string("Another title")))


def _script() -> Any:
    return dictionary(S=pdf_name("/JavaScript"), JS=pdf_string("app.alert('hello')"))


def _reasoned(entries: Any) -> None:
    entries[pdf_name("/Reason")] = pdf_string("I approve of everything")


def _swapped(entries: Any) -> None:
    """Another container, while the byte range still leaves out the first one."""
    held = bytearray(entries.raw_get("/Contents").original_bytes)
    held[-1] ^= 1
    entries[pdf_name("/Contents")] = generic.ByteStringObject(bytes(held))


def _without(key: str) -> Any:
    return lambda entries: entries.pop(pdf_name(key), None)


def _null(key: str) -> Any:
    def change(entries: Any) -> None:
        entries[pdf_name(key)] = generic.NullObject()

    return change


ROWS: Sequence[Row] = [
    # Harmless
    Row("written-again-as-it-was", lambda: update(longterm(), _again), [passed()], "what is the same is no change"),
    Row("metadata-changed", lambda: update(longterm(), _titled), [_HELD], "the information dictionary is shown on no page"),
    Row("validation-data-twice", lambda: store(longterm(), certificates=("other",), salt="more"), [_HELD], "ISO 32000-2, 12.8.4.3"),
    Row("field-filled", lambda: fill(longterm(), "amount", "250"), [passed(modification="permitted", unexplained=0)],
        "ISO 32000-2, 12.8.2: an approval signature leaves the form open", sight=True),
    # Forbidden
    Row("text-changed", lambda: change_text(longterm(), 1, SENTENCE_MM, _OTHER), [_SEEN], _CHANGED, sight=True),
    Row("page-added", lambda: add_page(longterm()), [_SEEN], _CHANGED, sight=True),
    Row("page-removed", lambda: rearrange(longterm(pdf=two_pages()), 0), [_SEEN], _CHANGED, sight=True),
    Row("pages-reordered", lambda: rearrange(longterm(pdf=two_pages()), 1, 0), [_SEEN], _CHANGED, sight=True),
    Row("page-turned", lambda: turn(longterm()), [_SEEN], _CHANGED, sight=True),
    Row("layers-switched", lambda: switch_layers(longterm(pdf=with_layers())), [_SEEN], _CHANGED, sight=True),
    Row("active-content-added", lambda: of_catalogue(longterm(), "/OpenAction", _script()), [_BROKEN], _CHANGED),
    Row("annotation-over-content", lambda: annotate(longterm(), SENTENCE), [_SEEN], _CHANGED, sight=True),
    Row("appearance-against-value", lambda: fill(longterm(), "amount", "250", shown="900"), [_BROKEN],
        "ISO 32000-2, 12.7.4.3: an appearance shows the value"),
    Row("appearance-of-another-sign", lambda: fill(longterm(), "amount", "250", shown="-250"), [_BROKEN],
        "ISO 32000-2, 12.7.4.3: an appearance shows the value"),
    Row("appearance-with-another-decimal-sign", lambda: fill(longterm(), "amount", "2.50", shown="250"), [_BROKEN],
        "ISO 32000-2, 12.7.4.3: an appearance shows the value"),
    Row("empty-signature-field-added", lambda: add_empty_signature(longterm(), b"% nothing"), [_HELD],
        "ISO 32000-2, 12.8.2: an approval signature leaves the form open"),
    Row("empty-signature-field-that-draws", lambda: add_empty_signature(longterm(), b"1 1 1 rg 0 0 900 900 re f"), [_DOUBTED],
        "ISO 32000-2, 12.7.5.5: a field that is not signed has no signature to show"),
    # Attacks
    Row("shadow-hide", lambda: unannotate(longterm(pdf=annotate(plain(), SENTENCE))), [_SEEN],
        "the shadow attack \"hide\": what was hidden when it was signed is uncovered", sight=True),
    Row("shadow-replace", lambda: swap_appearance(longterm(), "amount", "900"), [_BROKEN],
        "the shadow attack \"replace\": another look without another value"),
    Row("shadow-hide-and-replace", lambda: reveal(longterm(pdf=with_a_hidden_object())), [_BROKEN],
        "the shadow attack \"hide and replace\": a later table brings up an object that lay hidden in the signed bytes"),
    Row("incremental-saving", lambda: save_incrementally_broken(longterm(), 1, SENTENCE_MM, _OTHER), [_BROKEN],
        "the incremental saving attack: viewers rebuild the table and show the new text"),
    Row("bytes-after-the-end", lambda: append_bytes(longterm()), [_DOUBTED], "no revision accounts for them"),
    Row("table-lost", lambda: lose_table(fill(longterm(), "amount", "250")), [_BROKEN],
        "a rebuilt table brings up what no revision lists: what is seen is not what was signed"),
    Row("table-hybrid", lambda: hide_in_hybrid(longterm()), [_SEEN],
        "ISO 32000-2, 7.5.8.4: old readers see the one table, new ones the other", sight=True),
    Row("signature-wrapped", lambda: of_signature(longterm(), _swapped), [_BROKEN],
        "the wrapping attack: the value that is read is not the one that the byte range leaves out"),
    Row("forged-without-contents", lambda: of_signature(longterm(), _without("/Contents")), [failed("FORMAT_FAILURE", intact=False)],
        f"{_FORM}; the universal forgery attack"),
    Row("forged-with-null-contents", lambda: of_signature(longterm(), _null("/Contents")), [failed("FORMAT_FAILURE", intact=False)],
        f"{_FORM}; the universal forgery attack"),
    Row("forged-without-byte-range", lambda: of_signature(longterm(), _without("/ByteRange")), [failed("FORMAT_FAILURE", intact=False)],
        f"{_FORM}; the universal forgery attack"),
    Row("forged-with-null-byte-range", lambda: of_signature(longterm(), _null("/ByteRange")), [failed("FORMAT_FAILURE", intact=False)],
        f"{_FORM}; the universal forgery attack"),
    Row("signature-dictionary-differs", lambda: of_signature(longterm(), _reasoned), [_BROKEN],
        "ISO 32000-2, 12.8.1: the dictionary itself was signed"),
    Row("signature-in-two-fields", lambda: same_value_elsewhere(longterm()), [_DOUBTED],
        "ISO 32000-2, 12.7.5.5: a signature is the value of one field"),
    Row("signature-not-listed", lambda: unlist(longterm()), [_BROKEN], _CHANGED, problems=("signature-not-listed",)),
]  # fmt: skip
