-- What went wrong when a provider was asked about itself last; NULL: nothing. It stays as it was known meanwhile.
ALTER TABLE upstream_providers ADD COLUMN discovery_failed_at INTEGER;
ALTER TABLE upstream_providers ADD COLUMN discovery_problem TEXT;
