"""What was answered before, and what is being answered in batches, in one file that processes share: nothing is paid for twice."""
