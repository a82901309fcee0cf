"""A webhook receiver as commonly written: FastAPI, `await request.json()`, aiokafka's `send_and_wait`, uvicorn."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Header, HTTPException, Request
from pydantic import BaseModel

from bench.rivals.flow_record import TOPIC, encoded, verified


class Answer(BaseModel):
    """The answer's body."""

    outcome: str
    event_ids: list[str]
    reason: str | None = None


@asynccontextmanager
async def lifespan(running: FastAPI) -> AsyncIterator[None]:
    """Start and stop the producer with the application."""
    producer = AIOKafkaProducer(bootstrap_servers=sys.argv[1], acks="all", linger_ms=2)
    await producer.start()
    running.state.producer = producer
    yield
    await producer.stop()


app = FastAPI(lifespan=lifespan)


@app.post("/webhooks/github/{source}", status_code=202)
async def webhook(
    request: Request,
    source: str,
    x_github_event: Annotated[str, Header()],
    x_github_delivery: Annotated[str, Header()],
    x_hub_signature_256: Annotated[str | None, Header()] = None,
) -> Answer:
    """Take one delivery."""
    del source
    if not verified(await request.body(), x_hub_signature_256):
        raise HTTPException(status_code=401, detail="signature is wrong")
    made = encoded(x_github_event, x_github_delivery, await request.json())
    for _, value in made:
        await request.app.state.producer.send_and_wait(TOPIC, value, key=b"checkout")
    return Answer(outcome="accepted", event_ids=[event_id for event_id, _ in made])


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
