"""The only room of the product that starts subprocesses: ffmpeg, ffprobe, MediaInfo."""
