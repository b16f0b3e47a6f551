"""Worker processes that read files of strangers: pictures and recordings."""
