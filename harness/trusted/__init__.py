"""Files as a revision of their git repository has them: what a change must not decide about itself is read from before it.

`plumbing` calls git, `revision` reads a commit, `place` says where in a repository a path lies, `terms` says what was read.
"""
