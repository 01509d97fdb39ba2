"""How many requests somebody made lately: a port, counted in memory or in Redis."""
