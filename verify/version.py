"""The version, once: a report's provenance and the package's metadata agree by a test."""

VERSION = "0.1.0"
