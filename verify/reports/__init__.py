"""Reports for people: plain text, HTML, and folders; who may see what is decided in views."""
