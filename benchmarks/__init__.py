"""What the code costs, as ratios within one run: `python -m benchmarks [NAME …]`."""
