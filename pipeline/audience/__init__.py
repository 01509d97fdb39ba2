"""Who watches a stream just now: a port, counted in memory or in Redis."""
