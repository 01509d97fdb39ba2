"""The typed client of our own HTTP API. Knows the vocabulary and nothing else of the house."""

from api.client.http import Client
from api.client.problems import ApiError

__all__ = ["ApiError", "Client"]
