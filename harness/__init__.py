"""The MangaAssist conversation harness: hold real conversations with a candidate deployment, and decide whether it may ship.

The house on one page is in README.md; imports go down only, and `pyproject.toml` holds the contract.
"""
