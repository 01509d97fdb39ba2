"""The worker process: hears a doorbell, claims, runs a step under heartbeat, reports."""
