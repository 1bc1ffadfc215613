"""Helpers of the functional tests: private servers, the club's processes, faults and benchmarks."""
