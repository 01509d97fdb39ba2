"""Requests of our own to servers of others: the port and its form."""
