"""Books and their reviews over HTTP: API and pages."""
