"""What is checked of the cases themselves: that each can show what it is about, and that its answer is locked."""
