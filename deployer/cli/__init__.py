"""The face: words in, words out. No decisions, no effects of its own; heavy imports wait until a command runs."""
