"""From a question to an answer: candidates, scores, decision, highlight."""
