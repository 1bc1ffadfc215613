"""One tape of port calls on several adapters: equal results, and equal tables after each call."""
