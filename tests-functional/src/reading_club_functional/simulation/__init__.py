"""Deterministic simulation: the production code on a seeded event loop, a virtual clock and faults.

One seed fixes the order of all steps, all delays and all faults, so that a failure is replayed.
"""
