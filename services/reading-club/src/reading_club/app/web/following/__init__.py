"""What members follow: the API, the forms of pages, and the private feed."""
