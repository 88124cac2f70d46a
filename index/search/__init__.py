"""From a question to an answer: candidates, absolute scores, a calibrated decision and the sentences to quote."""
