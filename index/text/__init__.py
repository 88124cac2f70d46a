"""What questions and snippets have in common: terms, language, keyboard layout, typos."""
