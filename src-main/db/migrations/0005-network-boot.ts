// Owns what network boot keeps: how it serves, leases of lab mode, traces of boots, what a computer is to get, tokens of the environment.
import type { Migration } from '../migrate.ts';

export const networkBoot: Migration = {
  version: 5,
  name: 'network boot',
  // `token` gets a kind its CHECK did not know, so it is made anew.
  sql: `
ALTER TABLE computer ADD COLUMN boot_override TEXT CHECK (boot_override IN ('portal', 'local-disk', 'ignore'));
ALTER TABLE computer ADD COLUMN secure_boot INTEGER NOT NULL DEFAULT 0 CHECK (secure_boot IN (0, 1));

CREATE TABLE boot_config (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE boot_lease (
  address TEXT PRIMARY KEY,
  mac TEXT NOT NULL,
  hostname TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('offered', 'bound', 'conflict')),
  ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE boot_trace (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mac TEXT NOT NULL,
  uuid TEXT NOT NULL,
  firmware TEXT NOT NULL,
  address TEXT NOT NULL,
  computer_id TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT NOT NULL CHECK (outcome IN ('running', 'done', 'stopped')),
  stopped_at TEXT,
  advice TEXT,
  events TEXT NOT NULL
) STRICT;
CREATE INDEX boot_trace_mac ON boot_trace (mac, started_at);
CREATE INDEX boot_trace_computer ON boot_trace (computer_id, started_at);

CREATE TABLE token_new (
  hash TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('admin', 'computer', 'boot')),
  subject TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO token_new SELECT hash, kind, subject, label, created_at, used_at, expires_at FROM token;
DROP TABLE token;
ALTER TABLE token_new RENAME TO token;
`,
};
