"""YAML → plain data with places: strict reading, and every mistake as a sentence at its line.

Refuses what YAML is too clever about: anchors, tags, duplicate keys, and scalars that change type by their looks.
"""
