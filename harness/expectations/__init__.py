"""Deterministic checks of what a reply has to be, and the findings that they yield.

Pure: a transcript and trusted facts go in, findings come out.
"""
