"""The bus for progress: lossy by design, never in the way of work."""
