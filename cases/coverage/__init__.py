"""Which of what frameworks export is covered by which cases."""
