// Owns what the console keeps of package servers, sites, copies, ownership and deletion, and what a package server keeps of its console.
import type { Migration } from '../migrate.ts';

export const replication: Migration = {
  version: 6,
  name: 'replication',
  sql: `
CREATE TABLE site (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  subnets TEXT NOT NULL DEFAULT '[]',
  locally_managed INTEGER NOT NULL DEFAULT 0 CHECK (locally_managed IN (0, 1)),
  template_id TEXT REFERENCES site_template (id),
  bytes_per_second INTEGER,
  windows TEXT NOT NULL DEFAULT '[]',
  created_at INTEGER NOT NULL,
  trashed_at INTEGER
) STRICT;

CREATE TABLE site_template (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  draft TEXT NOT NULL,
  published TEXT,
  revision INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  trashed_at INTEGER
) STRICT;
CREATE TABLE site_template_revision (
  template_id TEXT NOT NULL REFERENCES site_template (id) ON DELETE CASCADE,
  revision INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (template_id, revision)
) STRICT, WITHOUT ROWID;

ALTER TABLE server ADD COLUMN state TEXT NOT NULL DEFAULT 'joined' CHECK (state IN ('joined', 'retiring', 'retired', 'revoked'));
ALTER TABLE server ADD COLUMN site_id TEXT REFERENCES site (id);
ALTER TABLE server ADD COLUMN parent_id TEXT REFERENCES server (id);
ALTER TABLE server ADD COLUMN public_key TEXT NOT NULL DEFAULT '';
ALTER TABLE server ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
ALTER TABLE server ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]';
ALTER TABLE server ADD COLUMN program_version TEXT NOT NULL DEFAULT '';
ALTER TABLE server ADD COLUMN last_seen_at INTEGER;
ALTER TABLE server ADD COLUMN last_report TEXT NOT NULL DEFAULT '';
ALTER TABLE server ADD COLUMN free_bytes INTEGER;
ALTER TABLE server ADD COLUMN total_bytes INTEGER;
ALTER TABLE server ADD COLUMN clock_skew_ms INTEGER;
ALTER TABLE server ADD COLUMN bytes_per_second INTEGER;
ALTER TABLE server ADD COLUMN records_acked INTEGER NOT NULL DEFAULT 0;

CREATE TABLE server_join (
  hash TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  site_id TEXT REFERENCES site (id),
  parent_id TEXT REFERENCES server (id),
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_by TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE source_rule (
  id TEXT PRIMARY KEY,
  subnet TEXT NOT NULL,
  server_id TEXT NOT NULL REFERENCES server (id),
  position INTEGER NOT NULL
) STRICT;

ALTER TABLE image ADD COLUMN kind TEXT NOT NULL DEFAULT 'image' CHECK (kind IN ('image', 'backup'));
ALTER TABLE image ADD COLUMN scope TEXT NOT NULL DEFAULT 'default' CHECK (scope IN ('default', 'all', 'none', 'selected'));
ALTER TABLE image ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;

ALTER TABLE image_version ADD COLUMN origin_server_id TEXT;
ALTER TABLE image_version ADD COLUMN pending INTEGER NOT NULL DEFAULT 0 CHECK (pending IN (0, 1));
ALTER TABLE image_version ADD COLUMN manifest_bytes INTEGER NOT NULL DEFAULT 0;

CREATE TABLE channel (
  image_guid TEXT NOT NULL REFERENCES image (guid) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK (name IN ('test', 'live')),
  version_guid TEXT NOT NULL REFERENCES image_version (guid),
  set_at INTEGER NOT NULL,
  set_by TEXT NOT NULL,
  PRIMARY KEY (image_guid, name)
) STRICT, WITHOUT ROWID;

ALTER TABLE copy ADD COLUMN problem TEXT;
CREATE INDEX copy_of_server ON copy (server_id, state);

CREATE TABLE transfer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  version_guid TEXT NOT NULL,
  server_id TEXT NOT NULL,
  image_name TEXT NOT NULL,
  version_number INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('done', 'failed', 'cancelled')),
  facts TEXT NOT NULL
) STRICT;
CREATE INDEX transfer_server ON transfer (server_id, id);
CREATE INDEX transfer_version ON transfer (version_guid, id);

CREATE TABLE signed_record (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('delete-image', 'delete-version', 'release-copy')),
  server_id TEXT,
  version_guid TEXT,
  image_guid TEXT NOT NULL,
  body TEXT NOT NULL,
  signature TEXT NOT NULL,
  withdrawn_at INTEGER
) STRICT;
CREATE INDEX signed_record_server ON signed_record (server_id, seq);

CREATE TABLE handover (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('take-ownership', 'retire', 'replace', 'recover')),
  from_server_id TEXT,
  to_server_id TEXT,
  state TEXT NOT NULL CHECK (state IN ('preparing', 'copying', 'proving', 'ready', 'done', 'cancelled', 'failed')),
  actor TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  body TEXT NOT NULL
) STRICT;

CREATE TABLE replica (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
`,
};
