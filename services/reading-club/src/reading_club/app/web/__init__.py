"""The web application: a JSON API and HTML pages."""
