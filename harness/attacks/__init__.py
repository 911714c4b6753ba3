"""The judge's self-test against who would talk it round: 480 attacked conversations, their clean twins, and controls.

A room of its own above `anchors`, whose frozen conversations it attacks. It knows judges as any other code does, by what they
answer: it refuses to look at which defences they have, so that the table says what holds and not what was meant to.
"""
