"""What is run: a spec made concrete, the exact answer, the bound, the judgement, and the pytest modules."""
