"""The doors media comes in by."""
