"""What a record says, in the forms that other programs read."""
