"""Use cases: one function, one transaction. They know ports, not technologies."""
