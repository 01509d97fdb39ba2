"""Uploads that come in pieces: opened, written, completed, ended, shown."""
