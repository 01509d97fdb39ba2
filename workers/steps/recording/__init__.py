"""What the record step is made of."""
