"""The scenario language: what is said, what is expected, which criteria apply.

Owns the YAML models, loading and selecting, and the rubric's types (a criterion is data that scenarios refer to).
Refuses to check anything: expectations are checked in `expectations`, criteria are answered in `judging`.
"""
