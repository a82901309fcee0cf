"""Topics to ClickHouse tables and Prometheus gauges."""
