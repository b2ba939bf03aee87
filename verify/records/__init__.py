"""Records: seals, specimens, uses, cases and the archive's journal in a database, blobs by digest beside it."""
