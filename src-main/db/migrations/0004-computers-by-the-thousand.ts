// Owns what makes lists of many computers quick: hardware in a table of its own, a column to sort by and one to search in; and
// what merging keeps.
import type { Migration } from '../migrate.ts';

export const computersByTheThousand: Migration = {
  version: 4,
  name: 'computers by the thousand',
  // name_key and found_by are made by the program (names.ts, search.ts); where they are empty the start fills them.
  sql: `
CREATE TABLE computer_hardware (
  computer_id TEXT PRIMARY KEY REFERENCES computer (id) ON DELETE CASCADE,
  identity TEXT NOT NULL,
  disks TEXT NOT NULL
) STRICT;
INSERT INTO computer_hardware (computer_id, identity, disks) SELECT id, identity, disks FROM computer;
ALTER TABLE computer DROP COLUMN identity;
ALTER TABLE computer DROP COLUMN disks;
ALTER TABLE computer ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
ALTER TABLE computer ADD COLUMN found_by TEXT NOT NULL DEFAULT '';
ALTER TABLE computer ADD COLUMN asked_at INTEGER;
ALTER TABLE computer ADD COLUMN merged_runs TEXT;
DROP INDEX computer_group_id;
CREATE INDEX computer_listed ON computer (name_key, id) WHERE merged_into IS NULL AND trashed_at IS NULL;
CREATE INDEX computer_in_group ON computer (group_id, name_key, id) WHERE merged_into IS NULL AND trashed_at IS NULL;
CREATE INDEX computer_merged ON computer (merged_into) WHERE merged_into IS NOT NULL;
`,
};
