"""The stored measurement that a candidate is held against, and the comparison with it."""
