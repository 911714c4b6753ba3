"""Systems under test: how a message reaches one and how its reply is read.

Owns the wire, its failures and the proof of the build. Refuses to know what is being asked or whether the answer is good.
"""
