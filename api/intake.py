"""An upload as it streams in: counted while it arrives, held in memory, never written to a disk under any name."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import AsyncGenerator, Collection
from datetime import date

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from api.desk import Order
from api.limits import ServiceLimits
from verify.core.errors import Refusal, UsageError, VerifyError
from verify.core.messages import LANGUAGES

# What a form needs beside the file: boundaries, headers and the few fields.
_ENVELOPE_BYTES = 64 * 1024
_FIELD_BYTES = 4096
_NAME_CHARACTERS = 120


async def receive(request: Request, limits: ServiceLimits, policies: Collection[str]) -> Order:
    """The order in a multipart form.

    Raises VerifyError: file-too-large, file-empty, upload-missing, upload-malformed, upload-slow,
    date-unreadable, policy-unknown, language-unknown.
    """
    try:
        async with asyncio.timeout(limits.upload_for.total_seconds()):
            form = await _form(request, limits)
    except TimeoutError as error:
        raise UsageError("upload-slow", "The document did not arrive in time", "Send it again.") from error
    try:
        upload = form.get("file")
        if not isinstance(upload, UploadFile) or not (upload.filename or upload.size):
            raise UsageError("upload-missing", "No document was sent", "Send it in the field `file`.")
        data = await upload.read()
    finally:
        await form.close()
    name = safe_name(upload.filename)
    if not data:
        raise Refusal("file-empty", f"{name} is empty", "Send the file again; nothing arrived.")
    if len(data) > limits.document.file_bytes:
        raise too_large(limits)
    return Order(
        name=name,
        data=data,
        document_date=_day(_field(form, "document_date")),
        password=_field(form, "password", strip=False),
        policy=_one_of(_field(form, "policy"), policies, "policy-unknown", "policy"),
        lang=_one_of(_field(form, "lang"), LANGUAGES, "language-unknown", "language"),
    )


def safe_name(name: str | None) -> str:
    """The last part of a sender's file name, for people to read; it is never used as a path.

    Without control and direction characters, which could make it read as something else.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    shown = shown.strip()
    if len(shown) > _NAME_CHARACTERS:
        keep = _NAME_CHARACTERS // 2
        shown = f"{shown[:keep]}…{shown[-keep + 1 :]}"
    return shown if shown.strip(".") else "document"


class _InMemory(MultiPartParser):
    # Starlette would move files over 1 MB to the disk; the stream's own limit bounds this.
    spool_max_size = 1 << 40


async def _form(request: Request, limits: ServiceLimits) -> FormData:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UsageError("upload-malformed", "This is not a form with a file", "Send it as multipart/form-data.")
    parser = _InMemory(
        request.headers, _counted(request, limits), max_files=1, max_fields=8, max_part_size=_FIELD_BYTES
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise UsageError("upload-malformed", f"The form cannot be read: {error.message}", "Send it again.") from error
    except ClientDisconnect as error:
        raise UsageError("upload-malformed", "The sender went away", "Send the document again.") from error


async def _counted(request: Request, limits: ServiceLimits) -> AsyncGenerator[bytes, None]:
    """The body's chunks; one more than allowed ends it, whatever Content-Length said."""
    allowed = limits.document.file_bytes + _ENVELOPE_BYTES
    announced = request.headers.get("content-length", "")
    stream = request.stream()
    arrived = 0
    async for chunk in stream:
        arrived += len(chunk)
        if arrived > allowed or (announced.isdecimal() and int(announced) > allowed):
            await _drain(stream, allowed)
            raise too_large(limits)
        yield chunk


async def _drain(stream: AsyncGenerator[bytes, None], most: int) -> None:
    """Read on and throw away, within reason: a browser that is still sending does not show our answer."""
    async for chunk in stream:
        most -= len(chunk)
        if most < 0:
            return


def too_large(limits: ServiceLimits) -> VerifyError:
    return Refusal(
        "file-too-large",
        f"The document is larger than {limits.document.file_bytes / 2**20:.0f} MB",
        "Send the pages in question alone.",
    )


def _field(form: FormData, name: str, *, strip: bool = True) -> str | None:
    """A text field; an empty one counts as not sent, as forms send every field."""
    value = form.get(name)
    if not isinstance(value, str):
        return None
    return (value.strip() if strip else value) or None


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError("date-unreadable", "document_date is not a date", "Write it as 2026-01-31.") from error


def _one_of(value: str | None, known: Collection[str], code: str, what: str) -> str | None:
    if value is not None and value not in known:
        raise UsageError(code, f"There is no such {what}", f"Known: {', '.join(known)}.")
    return value
