"""What signatures, imprints, registry and ledger say of each other."""
