"""The pipeline: pure decisions (core), use cases (services), ports with their adapters."""
