"""Imports of lists of books: their rows are stored first, and then handled in steps."""
