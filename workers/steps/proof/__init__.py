"""What a proof fetches, runs and reads; the judgement over it is in ``pipeline.core.proof``."""
