"""The command line: one small module for each command family, imported when called."""
