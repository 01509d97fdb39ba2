"""How long segments of a broadcast are: players wait by the number in the playlist.

A segment that is longer than aimed at by less than half a second rounds to it, and the number
never has to change. Source: RFC 8216 §4.3.3.1.
"""

from fractions import Fraction

#: The first segment of a part on the grid is no shorter: it gets the next one's time.
LEAST_S = Fraction(1, 4)
#: What is passed on may be longer than aimed at by so much; frames of its sound by another 0.13 s.
OVER_S = Fraction(7, 20)
