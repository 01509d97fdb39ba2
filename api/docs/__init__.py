"""``/api/docs``: the description of the API as a page for people."""
