"""One run of the suite: what is selected, asked, recorded and told."""
