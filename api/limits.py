"""What one visitor may cost the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from verify.formats.limits import Limits

# 120 million pixels is an A3 page at 600 dpi and then some; decoded, it takes 360 MB.
_DOCUMENT = Limits(file_bytes=64 * 1024 * 1024, picture_pixels=120_000_000)


@dataclass(frozen=True)
class ServiceLimits:
    """Bounds on uploads, waiting and keeping.

    At most `backlog` documents wait or are being sent, so at most backlog × document.file_bytes lie in memory
    unread. Results are forgotten after `kept_for`, or earlier when `kept` results or `kept_bytes` are exceeded.
    `upload_for` bounds a slow sender, `examined_for` one document's examination (asked between two of its steps).
    """

    document: Limits = _DOCUMENT
    backlog: int = 8
    kept: int = 100
    kept_bytes: int = 512 * 1024 * 1024
    kept_for: timedelta = timedelta(hours=1)
    upload_for: timedelta = timedelta(minutes=2)
    examined_for: timedelta = timedelta(minutes=5)


DEFAULT_SERVICE_LIMITS = ServiceLimits()
