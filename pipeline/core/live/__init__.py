"""Broadcasts: pure decisions about what comes in by a door and what is made of it."""
