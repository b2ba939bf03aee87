"""The catalogue after the signature: what acts, what is attached, which layers show, what is validation data."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

from tests.signatures.documents import SIGNED, contract, forbidden, only, permitted, signed, signer, update
from verify.simulation.signing import sign_pdf, update_of, written


def names(key: str) -> generic.DictionaryObject:
    tree = generic.DictionaryObject({pdf_name("/Names"): generic.ArrayObject()})
    return generic.DictionaryObject({pdf_name(key): tree})


@pytest.mark.parametrize(
    ("key", "value", "words", "kind"),
    [
        ("/OpenAction", generic.DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript")}), "OpenAction", "active-content"),
        ("/AA", generic.DictionaryObject(), "AA", "active-content"),
        ("/Names", names("/JavaScript"), "JavaScript", "active-content"),
        ("/Names", names("/EmbeddedFiles"), "EmbeddedFiles", "attachment-added"),
        ("/Names", names("/Dests"), "Dests", "added"),
        ("/AF", generic.ArrayObject(), "AF", "attachment-added"),
        ("/OCProperties", generic.DictionaryObject(), "OCProperties", "layers-switched"),
        ("/PageLabels", generic.DictionaryObject(), "PageLabels", "added"),
    ],
)  # fmt: skip
def test_a_new_entry_of_the_catalogue_is_suspicious(key: str, value: Any, words: str, kind: str) -> None:
    def change(writer: Any) -> None:
        writer.root[pdf_name(key)] = value
        writer.update_root()

    changed = update(signed(revocation=False), change)
    assert forbidden(changed) == {f"document, {words}": kind}
    assert only(changed).modification == "suspicious"


@cache
def with_layers(indirect: bool) -> bytes:
    """A signed contract with one layer that is shown."""
    writer = update_of(contract(), "layers")
    group = writer.add_object(
        generic.DictionaryObject({pdf_name("/Type"): pdf_name("/OCG"), pdf_name("/Name"): generic.pdf_string("Fee")})
    )
    shown = generic.DictionaryObject({pdf_name("/ON"): generic.ArrayObject([group])})
    layers = generic.DictionaryObject(
        {
            pdf_name("/OCGs"): generic.ArrayObject([group]),
            pdf_name("/D"): writer.add_object(shown) if indirect else shown,
        }
    )
    writer.root[pdf_name("/OCProperties")] = writer.add_object(layers) if indirect else layers
    page = writer.find_page_for_modification(0)[0].get_object()
    resources = page["/Resources"]
    copied = generic.DictionaryObject({k: resources.raw_get(k) for k in resources})
    copied[pdf_name("/Properties")] = generic.DictionaryObject({pdf_name("/Fee"): group})
    page[pdf_name("/Resources")] = copied
    writer.update_container(page)
    writer.update_root()
    return sign_pdf(written(writer), signer(), at=SIGNED)


@pytest.mark.parametrize("indirect", [False, True])
def test_a_layer_that_is_switched_off_is_named(indirect: bool) -> None:
    def change(writer: Any) -> None:
        layers = writer.root["/OCProperties"]
        shown = layers["/D"]
        shown[pdf_name("/OFF")] = shown.raw_get("/ON")
        del shown["/ON"]
        writer.update_container(shown)

    assert forbidden(update(with_layers(indirect), change)) == {"document, OCProperties": "layers-switched"}


def test_a_layer_whose_use_is_changed_is_named() -> None:
    def change(writer: Any) -> None:
        groups = writer.root["/OCProperties"]["/OCGs"]
        groups[0][pdf_name("/Usage")] = generic.DictionaryObject()
        writer.mark_update(groups.raw_get(0).reference)

    assert set(forbidden(update(with_layers(True), change)).values()) == {"layers-switched"}


def test_metadata_may_change() -> None:
    def change(writer: Any) -> None:
        writer.set_info(generic.DictionaryObject({pdf_name("/Title"): generic.pdf_string("Another title")}))

    assert only(update(signed(), change)).modification == "permitted"


@pytest.mark.parametrize("action", ["added", "changed", "deleted"])
def test_validation_data_may_be_added_changed_and_deleted(action: str) -> None:
    def change(writer: Any) -> None:
        if action == "deleted":
            del writer.root["/DSS"]
        elif action == "changed":
            writer.root[pdf_name("/DSS")] = generic.DictionaryObject({pdf_name("/VRI"): generic.DictionaryObject()})
        else:
            writer.root[pdf_name("/DSS")] = generic.DictionaryObject()
        writer.update_root()

    changed = update(signed(revocation=action != "added"), change)
    assert "validation data (DSS)" in permitted(changed, level=1)
    assert not forbidden(changed, level=1)
