"""How the field defines the same words: each dialect's questions as pure functions over one history, side by side.

`history` is what they are all asked of, `answer` what they say, one module a family of dialects, `catalogue` lists
them, `questions` and `assembly` bring a history from the tables, `comparison` lays answers beside one another.
"""
