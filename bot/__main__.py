"""``python -m bot`` does what ``partnership-bot`` does."""

from bot.cli import main

if __name__ == "__main__":
    main()
