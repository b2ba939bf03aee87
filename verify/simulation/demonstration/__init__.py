"""The demonstration: a genuine contract, its forged twins, and what is expected of each."""
