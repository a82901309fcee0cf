"""The language: the values every room speaks, their Avro, the topics and the log they travel on."""
