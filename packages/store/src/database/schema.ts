/** Marks SQLite files as a store's, in the header (sqlite.org/fileformat2.html, "Application ID"): "xdok". */
export const APPLICATION_ID = 0x78_64_6f_6b

/**
 * What makes version N of the schema out of version N-1, at place N-1. A published one is never changed.
 *
 * Times are milliseconds since 1970, `labels` and `target` JSON. `content` says what a namespace knows of a blob; whether there is one, the
 * file alone says. Names of the default namespace are in `projected_name` as `index.json` has them, and in `noted_name` while it does not have
 * what the record says; `index_file` tells which state of the file that is.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE image (
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    target TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_by_digest ON image (digest);

  CREATE TABLE content (
    namespace TEXT NOT NULL,
    digest TEXT NOT NULL,
    size INTEGER NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    forgotten INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX content_by_digest ON content (digest);

  CREATE TABLE lease (
    namespace TEXT NOT NULL,
    id TEXT NOT NULL,
    labels TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE lease_resource (
    namespace TEXT NOT NULL,
    lease TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (namespace, lease, kind, id),
    FOREIGN KEY (namespace, lease) REFERENCES lease (namespace, id) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE http_record (
    url TEXT NOT NULL PRIMARY KEY,
    etag TEXT,
    last_modified TEXT,
    max_age_ms INTEGER,
    expires_at INTEGER,
    digest TEXT NOT NULL,
    used_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE noted_name (
    name TEXT NOT NULL PRIMARY KEY,
    changes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE projected_name (
    name TEXT NOT NULL PRIMARY KEY,
    target TEXT NOT NULL,
    previous TEXT,
    projected_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE index_file (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    stamp TEXT NOT NULL
  ) STRICT;
  `,
]
