"""The bodies and headers that the tools send, in their own shapes."""
