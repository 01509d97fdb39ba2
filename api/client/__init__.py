"""The typed client of our own HTTP API. Knows the vocabulary and nothing else of the house."""

from api.client.http import Client
from api.client.problems import ApiError
from api.client.signatures import SignatureError, verify_webhook

__all__ = ["ApiError", "Client", "SignatureError", "verify_webhook"]
