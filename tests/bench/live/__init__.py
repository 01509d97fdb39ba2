"""The RTMP door and what is watched of it, beside the servers others use."""
