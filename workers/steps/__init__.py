"""One file per task kind: files in, files out; no database, no broker."""
