"""The waste ledger: every microsecond of an item's flow time is value-adding, one of eight wastes, or unaccounted.

`case` is what is known of one item, `rules` say which of its time is what and by which evidence, `ledger` cuts the flow
time and gives each piece to one rule, `sums` add ledgers up, `questions` ask the tables for cases, `text` shows sums.
"""
