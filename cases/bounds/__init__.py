"""How far from an exact answer a right implementation may be, and where a number can be judged at all."""
