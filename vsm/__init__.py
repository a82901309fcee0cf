"""The command line and the one-machine stack: composes the rooms, holds no logic of theirs."""
