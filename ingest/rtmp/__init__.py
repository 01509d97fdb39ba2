"""The door live streams come in by: RTMP as a pure protocol, and FLV for what it carries."""
