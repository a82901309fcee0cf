"""Adapters made of the mappings of a value-stream file: values in, an adapter out, all of it pure."""
