"""The event stream on SQL, with its tables on any MetaData."""
