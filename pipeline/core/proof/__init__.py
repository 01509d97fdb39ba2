"""What a certificate says and why: pure judgement over what was read, decoded and measured."""
