"""The doorbell: tells workers that a queue has work. It decides nothing and may lose everything."""
