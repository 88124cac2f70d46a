"""The program: terminal, Telegram, query log."""
