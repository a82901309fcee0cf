"""How a log is replayed under another definition, compared, and taken over without a gap."""
