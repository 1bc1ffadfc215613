"""Mail to members: links to confirm an address, and digests of their notices."""
