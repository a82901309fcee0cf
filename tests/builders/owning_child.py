"""A process that joins a group on Kafka, waits to be frozen and thawed, and says whether it may still commit.

Run as `python -m tests.builders.owning_child BOOTSTRAP GROUP SESSION_SECONDS`; it goes on at each line of its input.
"""

from __future__ import annotations

import sys

from schemas.log import OwnershipLost
from schemas.log_kafka import KafkaLog
from schemas.topics import FLOW_EVENTS


def main(bootstrap: str, group: str, session_seconds: float) -> None:
    """Join, say `owns`, wait for a line, say what is left of the session and what became of a commit."""
    log = KafkaLog(bootstrap, delivery_seconds=session_seconds / 2, session_seconds=session_seconds)
    consumer = log.consumer(group, [FLOW_EVENTS.name])
    while consumer.session_left_seconds() <= 0:
        consumer.poll(1, 0.1)
    say("owns")
    sys.stdin.readline()
    say("sure" if consumer.session_left_seconds() > 0 else "unsure")
    try:
        consumer.commit([(FLOW_EVENTS.name, 0, 0)])
    except OwnershipLost:
        say("lost")
    else:
        say("committed")
    consumer.close()
    log.close()


def say(word: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
