"""The event stream's protocol as a model, explored to the end, and compared with the code."""
