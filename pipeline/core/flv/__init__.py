"""FLV, and what RTMP shares with it: tags, their first bytes, AMF, codecs and limits."""
