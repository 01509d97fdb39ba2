"""The spool: what publishers send, in files of this box until it is in storage.

A session has a folder, a piece is a file in it and a whole FLV: header, metadata and sequence
headers first, then tags from a keyframe on. What is in a piece's name is all that must be known
of it, so that a door that was killed finds everything in its folder.
"""
