"""The comparisons with peers, one module for each family."""
