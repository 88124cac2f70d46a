"""Reading the query log, and turning what it shows into better knowledge."""
