"""Embedded signatures: what is signed, by whom, on whose word, and what changed afterwards."""
