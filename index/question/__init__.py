"""What a question asks: the text that people type -> separate questions, without the words around them."""
