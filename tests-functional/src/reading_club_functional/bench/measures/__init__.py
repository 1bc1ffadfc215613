"""The pairs of measures, one module for each family."""
