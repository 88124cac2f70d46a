"""One module for each kind of thing that people do on Telegram."""
