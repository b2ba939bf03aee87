"""Imprints of seals: found, measured, read, and compared with the registered seals."""
