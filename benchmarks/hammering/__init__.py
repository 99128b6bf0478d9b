"""What `benchmarks.crash` and `benchmarks.races` share: databases, calls, their log, and a look from the outside."""
