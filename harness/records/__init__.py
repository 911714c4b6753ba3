"""What a run leaves behind: manifest and records, the journal, the store, shards and their seals, and redaction."""
