"""Recordings: what becomes of a broadcast once it is over."""
