"""Functions over arrays: paired comparison, reliability, multiplicity.

Knows numpy and scipy only. Every function takes arrays with a leading run axis, so that a simulation of ten thousand
runs and the gate's single run go through the same code.
"""
