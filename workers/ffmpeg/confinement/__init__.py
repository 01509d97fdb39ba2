"""How a child is shut in before it starts: what it may read, write, call and see.

``ladder`` measures which layers this box has, ``order`` says what one child gets of them, and
``entry``, a program of its own, carries the order out on itself and becomes the child.
"""
