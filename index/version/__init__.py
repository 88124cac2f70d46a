"""What a published version is on disk, and how one version replaces another."""
