"""Answers, buttons and pages as Telegram HTML: pure functions."""
