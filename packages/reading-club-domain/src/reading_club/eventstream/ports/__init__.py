"""The ports of the event stream, one a file; their adapters are in files of the same name."""
