CREATE TABLE IF NOT EXISTS vsm.flow_events
(
    event_id String COMMENT 'hash of what makes it this fact; identity within the value stream',
    value_stream LowCardinality(String) COMMENT 'value stream the row belongs to',
    type LowCardinality(String) COMMENT 'CDEvents subject.predicate, or ours under the same grammar',
    occurred_at DateTime64(6, 'UTC') COMMENT 'the tool''s clock, UTC',
    received_at DateTime64(6, 'UTC') COMMENT 'arrival of the delivery, UTC',
    tool LowCardinality(String) COMMENT 'tool that sent it',
    source LowCardinality(String) COMMENT 'configured connection it came by',
    delivery_id String COMMENT 'the tool''s id of the delivery',
    `order` Nullable(Int64) COMMENT 'the tool''s own sequence, else the position in the delivery',
    subject_id String COMMENT 'URI of the entity the fact is about',
    subject_url Nullable(String) COMMENT 'where a person can look at it',
    links Array(Tuple(uri String, kind String, method String, confidence Float64)) COMMENT 'relations to other entities with their evidence',
    state LowCardinality(Nullable(String)) COMMENT 'the tool''s own status',
    outcome LowCardinality(Nullable(String)) COMMENT 'success, failure, cancelled or error',
    environment LowCardinality(Nullable(String)) COMMENT 'normalised environment',
    work_kind LowCardinality(Nullable(String)) COMMENT 'feature, defect, risk or debt',
    actor_class LowCardinality(String) COMMENT 'human, bot, agent or unknown',
    actor Nullable(String) COMMENT 'keyed hash of the account, never a name',
    quantities Map(String, Float64) COMMENT 'numbers of the fact by name',
    attributes Map(String, String) COMMENT 'further words of the fact by name',
    earliness UInt256 MATERIALIZED bitShiftLeft(toUInt256(18446744073709551615 - toUInt64(toUnixTimestamp64Micro(received_at))), 192)
        + (bitShiftLeft(toUInt256(1), 192) - 1 - reinterpretAsUInt256(reverse(substring(concat(delivery_id, repeat(char(0), 24)), 1, 24))))
        COMMENT 'higher the smaller (received_at, delivery_id): of two copies of a fact the earlier stands'
)
ENGINE = ReplacingMergeTree(earliness)
ORDER BY (value_stream, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'facts as received; a fact sent twice collapses to its earliest copy when parts merge';

CREATE VIEW IF NOT EXISTS vsm.flow_events_current AS
SELECT
    event_id, value_stream, type, occurred_at, received_at, tool, source, delivery_id, `order`, subject_id,
    subject_url, links, state, outcome, environment, work_kind, actor_class, actor, quantities, attributes
FROM vsm.flow_events FINAL
COMMENT 'each fact once: of its copies the one with the smaller (received_at, delivery_id)';
