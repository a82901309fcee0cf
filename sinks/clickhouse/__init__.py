"""The ClickHouse sink: derived values as rows, migrations, the embedded engine and its HTTP front."""
