"""The verdicts: integration and quality, decided purely from evidence and policy."""
