"""Resumable uploads by TUS 1.0: a pure protocol, and a server over it for the API's application."""
