"""Pure decisions over schemas: no clock, no randomness, no I/O."""
