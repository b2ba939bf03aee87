"""Shelves and protocols: where seals, uses, anchors, policies and models come from, as folders or through the records."""
