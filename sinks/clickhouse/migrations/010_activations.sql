CREATE TABLE IF NOT EXISTS vsm.activations
(
    generation UInt32 COMMENT 'generation of the derivation that _current views showed from then on',
    activated_at DateTime64(6, 'UTC') COMMENT 'when it was activated, UTC'
)
ENGINE = ReplacingMergeTree
ORDER BY (activated_at, generation)
COMMENT 'every activation there was: what active has shown and when, for _as_of views';

CREATE MATERIALIZED VIEW IF NOT EXISTS vsm.active_to_activations TO vsm.activations AS SELECT generation, activated_at FROM vsm.active;

INSERT INTO vsm.activations (generation, activated_at) VALUES (1, '1970-01-01 00:00:01');

INSERT INTO vsm.activations (generation, activated_at) SELECT generation, activated_at FROM vsm.active;

ALTER TABLE vsm.active MODIFY SETTING min_age_to_force_merge_seconds = 1;

OPTIMIZE TABLE vsm.active FINAL;
