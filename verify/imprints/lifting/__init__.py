"""The steps of lifting the ink: paper, colours, unmixing, levels of grey, continuity."""
