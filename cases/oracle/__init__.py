"""The exact answers: one module for each formula, and what they are asked and give."""
