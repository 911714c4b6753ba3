"""What `harness judge` can do, one command in each file."""
