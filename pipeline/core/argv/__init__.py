"""ffmpeg command lines: pure text, each flag with its reason."""
