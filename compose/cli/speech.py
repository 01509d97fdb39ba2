"""The language of the terminal: what the command line says of errors, and asks servers for."""

from functools import cache

from api.client import Client
from compose.cli.credentials import credential
from pipeline.messages import language_of
from pipeline.settings import Locale


@cache
def language() -> str:
    """Choose the language by the locale of this process."""
    return language_of([Locale().name])


def connect(server: str) -> Client:
    """Open a client whose answers come in that language, with the key there is for the server."""
    return Client(server, language=language(), credential=credential(server))
