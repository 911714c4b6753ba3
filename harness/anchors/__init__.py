"""Whether the judge is still the instrument that it was: frozen conversations, judged again and again.

A room of its own, above `judging` (it asks any judge) and `records` (it keeps sealed files), below `gates`, to which drift is
one more piece of evidence. It is no part of `calibration`: that holds a judge against people, once; this holds it against
itself, in every run. It refuses to read answers from a store: what was said yesterday shows nothing about today.
"""
