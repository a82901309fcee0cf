"""What tools are asked of their past: page by page, kept how far it came, compared with the log."""
