// Owns what an image takes in the store: measured, kept, and marked for measuring again in the transaction that changes it.
import type { Migration } from '../migrate.ts';

export const imageStoredBytes: Migration = {
  version: 2,
  name: 'what an image takes in the store',
  sql: `
ALTER TABLE image ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE image ADD COLUMN stored_bytes_stale INTEGER NOT NULL DEFAULT 1 CHECK (stored_bytes_stale IN (0, 1));
`,
};
