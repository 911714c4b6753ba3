"""What asking costs: dated prices, a hard stop before every call, and an account that a killed run finds again."""
