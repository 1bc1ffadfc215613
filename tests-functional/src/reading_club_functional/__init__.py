"""What the functional tests share: private servers and processes."""
