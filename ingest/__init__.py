"""Webhooks to Avro on Kafka: verify, decode, translate, route, publish, and only then answer 202."""
