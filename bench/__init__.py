"""Benchmarks: every claim is a ratio taken in one run against a stated yardstick."""
