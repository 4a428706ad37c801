"""What must hold: YAML specs, and the models that read them."""

# Whoever changes what a case asks, or what its answer is, changes this; see "The lock" in docs/write-a-spec.md.
VERSION = "1.0"
