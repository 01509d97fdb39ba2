"""Websockets: what happens, as it happens, to many watchers from one reading."""
