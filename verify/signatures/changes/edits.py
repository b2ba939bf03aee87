"""One change between two revisions: its name, and what it takes to be permitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from verify.signatures.objects import Ref

# What a signature must grant. `covering`: an annotation or a picture that hides what was signed, or reveals what was
# hidden; where annotations are permitted the standard permits it, and a reader is misled all the same, so it is in doubt
# there. `covered-by-signing`: a later signature's picture does so; in doubt where a certification permits signing.
# `doubtful`: in doubt everywhere.
Permission = Literal["always", "form-filling", "signing", "annotations", "covering", "covered-by-signing", "doubtful", "never"]  # fmt: skip

Kind = Literal[
    "active-content", "added", "annotation-added", "annotation-changed", "annotation-over-content", "annotation-removed",
    "annotation-uncovers-content", "appearance-changed", "appearance-differs", "appearance-over-content",
    "appearance-without-value",
    "attachment-added", "certified-later", "changed", "duplicate-keys", "encryption-added", "encryption-changed", "field-added",
    "field-removed", "font-replaced", "freed-in-use", "hybrid-table-differs", "image-replaced", "layers-switched",
    "made-read-only", "malformed", "object-from-earlier-bytes", "object-mismatch", "object-number-reused",
    "object-stream-replaced", "objects-overlap", "page-added", "page-content-changed", "page-removed", "page-resized",
    "page-resources-changed", "page-turned", "pages-reordered", "removed", "replaced", "rich-text-differs",
    "signature-added", "signature-altered", "signature-dictionary-differs", "signature-field-added",
    "signature-over-content", "state-differs", "timestamp-added", "value-changed", "widget-added", "widget-detached",
    "widget-removed", "xfa-changed",
]  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """One change between two neighbouring revisions."""

    revision: int  # from 1
    object: str
    kind: Kind
    permission: Permission
    rule: str | None = None  # the rule that allows it, given the permission
    field: str | None = None  # the form field concerned, for locks
    shows: tuple[Ref, ...] = ()  # the pages, widgets and annotations on which it shows
    page: int | None = None  # as the file stands now, from 1
    box_mm: tuple[float, float, float, float] | None = None  # from that page's top left as displayed
