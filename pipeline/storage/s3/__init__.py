"""Objects in a bucket of any S3 server."""

from pipeline.storage.s3.store import S3Store

__all__ = ["S3Store"]
