"""A folder of Markdown, read into snippets; every problem is named with its file and line."""
