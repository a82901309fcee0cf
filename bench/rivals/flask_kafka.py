"""A webhook receiver in Four Keys' shape: Flask under gunicorn's threads, publish and wait in the handler."""

from __future__ import annotations

import os
from typing import Any

from confluent_kafka import Producer
from flask import Flask, Response, jsonify, request

from bench.rivals.flow_record import TOPIC, encoded, verified

app = Flask(__name__)
_settings: dict[str, Any] = {"bootstrap.servers": os.environ["RIVAL_KAFKA"], "acks": "all", "linger.ms": 0}
producer = Producer(_settings)


@app.post("/webhooks/github/<source>")  # type: ignore[untyped-decorator]  # Flask is not followed
def webhook(source: str) -> tuple[Response, int]:
    """Take one delivery."""
    del source
    if not verified(request.get_data(), request.headers.get("X-Hub-Signature-256")):
        return jsonify(outcome="rejected", event_ids=[], reason="signature is wrong"), 401
    made = encoded(request.headers["X-GitHub-Event"], request.headers["X-GitHub-Delivery"], request.get_json())
    for _, value in made:
        producer.produce(TOPIC, value, b"checkout")
    producer.flush()
    return jsonify(outcome="accepted", event_ids=[event_id for event_id, _ in made], reason=None), 202
