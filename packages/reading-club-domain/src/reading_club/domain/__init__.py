"""The domain model: books, reviewers and reviews, with their commands and events."""
