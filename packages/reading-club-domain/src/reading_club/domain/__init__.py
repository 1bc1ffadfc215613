"""What the reading club talks about: books, reviewers and reviews. It knows no infrastructure."""
