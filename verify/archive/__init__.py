"""The archive: many documents, each once, by a journal that lets a killed run go on; and flags for whoever must look."""
