"""What proves who somebody is: passwords, opaque secrets, bearer tokens. No rows, no HTTP."""
