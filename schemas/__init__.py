"""The vocabulary that crosses a process boundary: frozen values, no behaviour, no I/O.

Every other room may import this one; it imports nothing of ours.
"""
