"""One gate run: collect a look, compare, decide, look again; the only place where collecting and deciding meet.

A run may be held in shards: `sharding` deals the plan out, `merging` says what has to hold before shards are one run again. A shard
decides nothing, so that no verdict ever rests on a part; the merge decides by the same functions as a run in one piece.
"""
