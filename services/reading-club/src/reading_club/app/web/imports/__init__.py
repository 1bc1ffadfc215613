"""Imports of lists of books: the API and the pages."""
