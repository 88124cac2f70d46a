"""From a knowledge folder to a new published version."""
