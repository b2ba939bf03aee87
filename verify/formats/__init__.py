"""Bytes → Document: `read` sniffs what the bytes are and picks the format's module."""

from verify.formats.read import read

__all__ = ["read"]
