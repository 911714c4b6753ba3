"""One report value, and how it is drawn for terminal, pull request, CI and machines.

Bot text is hostile here: each renderer escapes for its own medium.
"""
