"""The Prometheus sink: current measurements as gauges."""
