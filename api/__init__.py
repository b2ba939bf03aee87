"""The service: hand in a document, get a verdict. `api.app.create_app` makes it; `sigillum serve` runs it."""
