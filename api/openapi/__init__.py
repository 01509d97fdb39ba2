"""The description of the HTTP API (OpenAPI 3.1): one table of operations, schemas from pydantic."""
