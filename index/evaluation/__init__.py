"""How good an index is, and whether it may be published."""
