"""The media path measured: ratios of runs side by side on the same sources.

Everything runs on two cores, on sources of two kinds: easy ones like a screen (sharp, mostly
still) and hard ones (moving, noisy). What is compared takes turns, so that a busy neighbour
hurts both.
"""
