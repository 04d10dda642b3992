/** One entry per schema version, in order; the database's `user_version` says how many have run. Never edit one that was released. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE session (
    id          TEXT PRIMARY KEY,
    title       TEXT NOT NULL,
    lab         TEXT NOT NULL,
    scenario    TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    now_us      INTEGER NOT NULL,
    forked_from TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE TABLE journal (
    session TEXT NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    seq     INTEGER NOT NULL,
    at_us   INTEGER NOT NULL,
    events  INTEGER NOT NULL,
    input   TEXT NOT NULL,
    PRIMARY KEY (session, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE mark (
    session TEXT NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    at_us   INTEGER NOT NULL,
    events  INTEGER NOT NULL,
    inputs  INTEGER NOT NULL,
    digest  TEXT NOT NULL,
    PRIMARY KEY (session, at_us)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE progress (
    session TEXT NOT NULL REFERENCES session(id) ON DELETE CASCADE,
    step    TEXT NOT NULL,
    done_at TEXT NOT NULL,
    PRIMARY KEY (session, step)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE preference (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]
