CREATE TABLE IF NOT EXISTS vsm.active
(
    generation UInt32 COMMENT 'generation of the derivation that _current views show',
    activated_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'when it was activated, UTC; the newest wins'
)
ENGINE = ReplacingMergeTree(activated_at)
ORDER BY tuple()
COMMENT 'one row: the active generation';

INSERT INTO vsm.active (generation, activated_at) SELECT 1, '1970-01-01 00:00:01' WHERE (SELECT count() FROM vsm.active) = 0;
