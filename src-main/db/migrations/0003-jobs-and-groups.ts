// Owns jobs with their folders and revisions, groups of computers, runs of jobs with their tasks, and what can be undone.
import type { Migration } from '../migrate.ts';

export const jobsAndGroups: Migration = {
  version: 3,
  name: 'jobs, groups, runs of jobs, undo',
  // `run` gets a kind its CHECK did not know, so it is made anew; `run_log` goes along, or dropping `run` would empty it.
  sql: `
CREATE TABLE computer_group (
  id TEXT PRIMARY KEY,
  parent_id TEXT REFERENCES computer_group (id),
  name TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  trashed_at INTEGER
) STRICT;
CREATE INDEX computer_group_parent ON computer_group (parent_id);

ALTER TABLE computer ADD COLUMN group_id TEXT REFERENCES computer_group (id);
ALTER TABLE computer ADD COLUMN named INTEGER NOT NULL DEFAULT 0 CHECK (named IN (0, 1));
ALTER TABLE computer ADD COLUMN trashed_at INTEGER;
ALTER TABLE computer ADD COLUMN merged_into TEXT REFERENCES computer (id);
ALTER TABLE computer ADD COLUMN merged_at INTEGER;
ALTER TABLE computer ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE computer ADD COLUMN serial TEXT NOT NULL DEFAULT '';
ALTER TABLE computer ADD COLUMN disk_count INTEGER NOT NULL DEFAULT 0;
UPDATE computer SET model = trim(coalesce(identity ->> '$.vendor', '') || ' ' || coalesce(identity ->> '$.product', '')), serial = coalesce(identity ->> '$.systemSerial', ''), disk_count = json_array_length(disks);
CREATE INDEX computer_group_id ON computer (group_id, name COLLATE NOCASE);
CREATE INDEX computer_name ON computer (name COLLATE NOCASE);

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

CREATE TABLE undo (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  kind TEXT NOT NULL,
  label TEXT NOT NULL,
  payload TEXT NOT NULL,
  done_at INTEGER
) STRICT;

CREATE TABLE run_new (
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
INSERT INTO run_new (id, kind, state, computer_id, computer_name, image_guid, image_name, version_guid, version_number, disk, resume_key, capture_id, request, progress, watermarks, result, error, actor, started_at, ended_at)
  SELECT id, kind, state, computer_id, computer_name, image_guid, image_name, version_guid, version_number, disk, resume_key, capture_id, request, progress, watermarks, result, error, actor, started_at, ended_at FROM run;
CREATE TABLE run_log_new (
  run_id TEXT NOT NULL REFERENCES run_new (id) ON DELETE CASCADE,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO run_log_new SELECT run_id, seq, at, text FROM run_log;
DROP TABLE run_log;
DROP TABLE run;
ALTER TABLE run_new RENAME TO run;
ALTER TABLE run_log_new RENAME TO run_log;
CREATE INDEX run_resume ON run (computer_id, resume_key);
CREATE INDEX run_started ON run (started_at);
CREATE INDEX run_state ON run (state);
CREATE INDEX run_job ON run (job_id, started_at);
CREATE INDEX run_batch ON run (batch_id);

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
`,
};
