talk-hello = Hello! Ask me about the UK–Kazakhstan critical-minerals partnership. For example:
talk-thanks = You are welcome! If you want to read on:
talk-bye = Goodbye! I am here whenever you have a question.
talk-abilities = I answer questions about the UK–Kazakhstan critical-minerals partnership with quotes from a curated collection, each with its source and date. For example:
