"""Lists of books that people take along: files of Goodreads, StoryGraph and plain ISBNs."""
