-- Generated from the migrations (version 6); a test keeps it true. Do not edit.

CREATE TABLE assignment (
  image_guid TEXT NOT NULL REFERENCES image (guid),
  server_id TEXT NOT NULL REFERENCES server (id),
  PRIMARY KEY (image_guid, server_id)
) STRICT, WITHOUT ROWID;

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

CREATE INDEX boot_trace_computer ON boot_trace (computer_id, started_at);

CREATE INDEX boot_trace_mac ON boot_trace (mac, started_at);

CREATE TABLE channel (
  image_guid TEXT NOT NULL REFERENCES image (guid) ON DELETE CASCADE,
  name TEXT NOT NULL CHECK (name IN ('test', 'live')),
  version_guid TEXT NOT NULL REFERENCES image_version (guid),
  set_at INTEGER NOT NULL,
  set_by TEXT NOT NULL,
  PRIMARY KEY (image_guid, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE computer (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  address TEXT NOT NULL,
  group_id TEXT REFERENCES computer_group (id), named INTEGER NOT NULL DEFAULT 0 CHECK (named IN (0, 1)), trashed_at INTEGER, merged_into TEXT REFERENCES computer (id), merged_at INTEGER, model TEXT NOT NULL DEFAULT '', serial TEXT NOT NULL DEFAULT '', disk_count INTEGER NOT NULL DEFAULT 0, name_key TEXT NOT NULL DEFAULT '', found_by TEXT NOT NULL DEFAULT '', asked_at INTEGER, merged_runs TEXT, boot_override TEXT CHECK (boot_override IN ('portal', 'local-disk', 'ignore')), secure_boot INTEGER NOT NULL DEFAULT 0 CHECK (secure_boot IN (0, 1))) STRICT;

CREATE INDEX computer_in_group ON computer (group_id, name_key, id) WHERE merged_into IS NULL AND trashed_at IS NULL;

CREATE INDEX computer_listed ON computer (name_key, id) WHERE merged_into IS NULL AND trashed_at IS NULL;

CREATE INDEX computer_merged ON computer (merged_into) WHERE merged_into IS NOT NULL;

CREATE INDEX computer_name ON computer (name COLLATE NOCASE);

CREATE TABLE computer_evidence (
  computer_id TEXT NOT NULL REFERENCES computer (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (computer_id, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX computer_evidence_value ON computer_evidence (kind, value);

CREATE TABLE computer_group (
  id TEXT PRIMARY KEY,
  parent_id TEXT REFERENCES computer_group (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  trashed_at INTEGER
) STRICT;

CREATE INDEX computer_group_parent ON computer_group (parent_id);

CREATE TABLE computer_hardware (
  computer_id TEXT PRIMARY KEY REFERENCES computer (id) ON DELETE CASCADE,
  identity TEXT NOT NULL,
  disks TEXT NOT NULL
) STRICT;

CREATE TABLE copy (
  version_guid TEXT NOT NULL REFERENCES image_version (guid),
  server_id TEXT NOT NULL REFERENCES server (id),
  state TEXT NOT NULL CHECK (state IN ('absent', 'copying', 'verifying', 'ready', 'damaged', 'removing')),
  proved_at INTEGER, problem TEXT,
  PRIMARY KEY (version_guid, server_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX copy_of_server ON copy (server_id, state);

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  entity TEXT NOT NULL,
  entity_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  message TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;

CREATE INDEX event_entity ON event (entity, entity_id, id);

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

CREATE TABLE image (
  guid TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1)),
  created_at INTEGER NOT NULL,
  last_number INTEGER NOT NULL DEFAULT 0,
  trashed_at INTEGER,
  delete_after INTEGER,
  removing_at INTEGER
, stored_bytes INTEGER NOT NULL DEFAULT 0, stored_bytes_stale INTEGER NOT NULL DEFAULT 1 CHECK (stored_bytes_stale IN (0, 1)), kind TEXT NOT NULL DEFAULT 'image' CHECK (kind IN ('image', 'backup')), scope TEXT NOT NULL DEFAULT 'default' CHECK (scope IN ('default', 'all', 'none', 'selected')), priority INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX image_name ON image (name);

CREATE TABLE image_version (
  guid TEXT PRIMARY KEY,
  image_guid TEXT NOT NULL REFERENCES image (guid),
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('verifying', 'ready', 'damaged')),
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  note TEXT NOT NULL,
  captured_at INTEGER NOT NULL,
  captured_by TEXT NOT NULL,
  computer_name TEXT NOT NULL,
  disk_bytes INTEGER NOT NULL,
  used_bytes INTEGER NOT NULL,
  new_bytes INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL,
  smallest_target_bytes INTEGER NOT NULL,
  verified_at INTEGER,
  damaged_chunks INTEGER NOT NULL DEFAULT 0,
  trashed_at INTEGER,
  delete_after INTEGER,
  removing_at INTEGER,
  manifest TEXT NOT NULL UNIQUE,
  graph TEXT NOT NULL, origin_server_id TEXT, pending INTEGER NOT NULL DEFAULT 0 CHECK (pending IN (0, 1)), manifest_bytes INTEGER NOT NULL DEFAULT 0,
  UNIQUE (image_guid, number)
) STRICT;

CREATE TABLE job (
  id TEXT PRIMARY KEY,
  folder_id TEXT REFERENCES job_folder (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  show_in_portal INTEGER NOT NULL DEFAULT 0 CHECK (show_in_portal IN (0, 1)),
  tasks TEXT NOT NULL,
  rev INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  updated_by TEXT NOT NULL,
  trashed_at INTEGER
) STRICT;

CREATE INDEX job_folder_id ON job (folder_id);

CREATE TABLE job_folder (
  id TEXT PRIMARY KEY,
  parent_id TEXT REFERENCES job_folder (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  show_in_portal INTEGER NOT NULL DEFAULT 0 CHECK (show_in_portal IN (0, 1)),
  rev INTEGER NOT NULL DEFAULT 1,
  created_at INTEGER NOT NULL,
  trashed_at INTEGER
) STRICT;

CREATE INDEX job_folder_parent ON job_folder (parent_id);

CREATE TABLE job_revision (
  job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  rev INTEGER NOT NULL,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  message TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  show_in_portal INTEGER NOT NULL CHECK (show_in_portal IN (0, 1)),
  tasks TEXT NOT NULL,
  PRIMARY KEY (job_id, rev)
) STRICT, WITHOUT ROWID;

CREATE TABLE owner (
  image_guid TEXT PRIMARY KEY REFERENCES image (guid),
  server_id TEXT NOT NULL REFERENCES server (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE replica (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE "run" (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('capture', 'deploy', 'job')),
  state TEXT NOT NULL CHECK (state IN ('queued', 'waiting', 'running', 'succeeded', 'failed', 'cancelled', 'lost')),
  waiting_for TEXT CHECK (waiting_for IN ('computer', 'version', 'person')),
  computer_id TEXT NOT NULL,
  computer_name TEXT NOT NULL,
  job_id TEXT,
  job_name TEXT NOT NULL DEFAULT '',
  batch_id TEXT,
  position INTEGER NOT NULL DEFAULT 1,
  batch_size INTEGER NOT NULL DEFAULT 1,
  task_index INTEGER NOT NULL DEFAULT 0,
  agent_session TEXT,
  image_guid TEXT,
  image_name TEXT NOT NULL,
  version_guid TEXT,
  version_number INTEGER,
  disk TEXT,
  resume_key TEXT NOT NULL,
  capture_id TEXT,
  request TEXT NOT NULL,
  progress TEXT,
  watermarks TEXT NOT NULL DEFAULT '[]',
  result TEXT,
  error TEXT,
  actor TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;

CREATE INDEX run_batch ON run (batch_id);

CREATE INDEX run_job ON run (job_id, started_at);

CREATE INDEX run_resume ON run (computer_id, resume_key);

CREATE INDEX run_started ON run (started_at);

CREATE INDEX run_state ON run (state);

CREATE TABLE "run_log" (
  run_id TEXT NOT NULL REFERENCES "run" (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_task (
  run_id TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  idx INTEGER NOT NULL,
  task TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'cancelled', 'skipped')),
  started_at INTEGER,
  ended_at INTEGER,
  progress TEXT,
  result TEXT,
  error TEXT,
  PRIMARY KEY (run_id, idx)
) STRICT, WITHOUT ROWID;

CREATE TABLE server (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('console', 'package-server')),
  is_self INTEGER NOT NULL CHECK (is_self IN (0, 1)),
  created_at INTEGER NOT NULL
, state TEXT NOT NULL DEFAULT 'joined' CHECK (state IN ('joined', 'retiring', 'retired', 'revoked')), site_id TEXT REFERENCES site (id), parent_id TEXT REFERENCES server (id), public_key TEXT NOT NULL DEFAULT '', fingerprint TEXT NOT NULL DEFAULT '', addresses TEXT NOT NULL DEFAULT '[]', program_version TEXT NOT NULL DEFAULT '', last_seen_at INTEGER, last_report TEXT NOT NULL DEFAULT '', free_bytes INTEGER, total_bytes INTEGER, clock_skew_ms INTEGER, bytes_per_second INTEGER, records_acked INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE UNIQUE INDEX server_self ON server (is_self) WHERE is_self = 1;

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

CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

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

CREATE TABLE source_rule (
  id TEXT PRIMARY KEY,
  subnet TEXT NOT NULL,
  server_id TEXT NOT NULL REFERENCES server (id),
  position INTEGER NOT NULL
) STRICT;

CREATE TABLE "token" (
  hash TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('admin', 'computer', 'boot')),
  subject TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  used_at INTEGER NOT NULL,
  expires_at INTEGER
) STRICT, WITHOUT ROWID;

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

CREATE TABLE undo (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  payload TEXT NOT NULL,
  done_at INTEGER
) STRICT;
