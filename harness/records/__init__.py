"""What a run leaves behind: manifest and records, the journal, the store, and redaction."""
