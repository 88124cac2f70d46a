"""What questions and snippets have in common: language, keyboard layout, typos."""
