"""What was signed and what the file shows now, drawn and compared."""
