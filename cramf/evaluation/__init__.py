"""Metrics and runners of the evaluation harness."""
