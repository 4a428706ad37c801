"""What must hold: YAML specs, and the models that read them."""
