"""Schema migrations: one linear history, the same on both engines."""
