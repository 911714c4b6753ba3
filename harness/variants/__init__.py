"""Metamorphic variants: a scenario's lines in other wordings, of which the same is expected as of the lines as written.

A chatbot has no oracle for most inputs, but there are relations between inputs whose outputs have to keep a relation, too
(Chen, Cheung and Yiu 1998, "Metamorphic testing"; for language, the invariance tests of CheckList, Ribeiro et al. 2020,
arXiv:2005.04118). The relation here is invariance: a line said in other words, with a title in another script, more or less
politely, or with a slip of the finger must meet the very expectations of the line as written. That is checked in every
conversation, by the same code; nothing is compared between two replies.

Owns the committed tables and the rewriting, which is a function of line, kind and seed. The kind of a conversation is drawn
from its seed, uniformly over `as written` and the scenario's kinds, and never from the number of its repeat: a gate that looks
at one repeat and a baseline of twenty then sample the same mixture, so that paired differences stay unbiased at every look.
Numbers, addresses and what was captured from replies are never touched. What cannot be varied is said as written, and counted so.
"""
