"""What changed after a signature: revisions compared by structure, and what of it is permitted."""
