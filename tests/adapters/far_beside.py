"""What an adapter has beside it."""

WORD = "sent"
