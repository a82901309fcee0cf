CREATE TABLE IF NOT EXISTS vsm.dead_letters
(
    dead_letter_id String COMMENT 'id, shared by its parts',
    part UInt32 COMMENT 'part counted from 0',
    parts UInt32 COMMENT 'how many parts there are',
    stage LowCardinality(String) COMMENT 'ingest, processors or sinks',
    tool LowCardinality(String) COMMENT 'tool that sent it, empty if unknown',
    source LowCardinality(String) COMMENT 'configured connection it came by, empty if unknown',
    event_type LowCardinality(String) COMMENT 'the tool''s word for the kind of event',
    delivery_id String COMMENT 'the tool''s id of the delivery',
    reason LowCardinality(String) COMMENT 'untranslatable, bad_record, unknown_schema or step_failed',
    detail String COMMENT 'where and what; holds nothing of the body but field names',
    received_at DateTime64(6, 'UTC') COMMENT 'arrival, UTC',
    size_bytes UInt64 COMMENT 'size of the clear body, bytes',
    body_hash String COMMENT 'SHA-256 of the clear body, hex',
    topic LowCardinality(Nullable(String)) COMMENT 'topic of the record, if it was read from one',
    `partition` Nullable(UInt32) COMMENT 'partition of the record',
    `offset` Nullable(UInt64) COMMENT 'offset of the record'
)
ENGINE = ReplacingMergeTree
ORDER BY (dead_letter_id, part)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'what could not be translated or processed; the sealed body stays in the log';
