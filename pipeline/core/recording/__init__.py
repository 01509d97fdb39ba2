"""Recordings, decided: how what was sent is put together, and whether all of it was served."""
