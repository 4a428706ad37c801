"""From the specs to what a target is asked: cases, inputs, weights and conventions made concrete."""
