"""What of a judge's word holds: every quote looked up in its turn, every figure in it held against the catalogue."""
