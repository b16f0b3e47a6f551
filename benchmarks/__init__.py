"""Benchmarks: ``python -m benchmarks``. Ratios are measured side by side in one run; machines are noisy."""
