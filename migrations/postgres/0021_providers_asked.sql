ALTER TABLE upstream_providers ADD COLUMN discovery_failed_at BIGINT;
ALTER TABLE upstream_providers ADD COLUMN discovery_problem TEXT COLLATE "C";
