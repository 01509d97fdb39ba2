"""Streams pushed on to other servers, while they are live: see ``restreamer``."""
