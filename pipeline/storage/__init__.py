"""Where bytes live: one port, two forms (directory, S3)."""
