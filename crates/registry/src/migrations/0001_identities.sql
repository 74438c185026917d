-- Identities, the audit log that vouches for them, and the head of its chain.
-- The columns of `identities` besides `id` and `record` are computed from the record, so that they cannot disagree
-- with it; the digest of the record stands in the last audit row of its subject.

CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    registry_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    head_seq INTEGER NOT NULL,
    head_hash TEXT NOT NULL
) STRICT;

CREATE TABLE identities (
    id TEXT NOT NULL PRIMARY KEY,
    record TEXT NOT NULL CHECK (json_valid(record)),
    environment TEXT GENERATED ALWAYS AS (json_extract(record, '$.declaration.environment')) VIRTUAL,
    name TEXT GENERATED ALWAYS AS (json_extract(record, '$.declaration.name')) VIRTUAL,
    kind TEXT GENERATED ALWAYS AS (json_extract(record, '$.declaration.kind')) VIRTUAL,
    technical_owner TEXT GENERATED ALWAYS AS (json_extract(record, '$.declaration.technical_owner')) VIRTUAL,
    expires_at TEXT GENERATED ALWAYS AS (json_extract(record, '$.expires_at')) VIRTUAL,
    revoked_at TEXT GENERATED ALWAYS AS (json_extract(record, '$.revoked.at')) VIRTUAL
) STRICT;

CREATE UNIQUE INDEX identities_live ON identities (environment, name) WHERE revoked_at IS NULL;

CREATE TRIGGER identities_are_never_deleted BEFORE DELETE ON identities
BEGIN SELECT RAISE(ABORT, 'an identity is never deleted: its record stays as a tombstone'); END;

CREATE TRIGGER identities_keep_their_id BEFORE UPDATE OF id ON identities
BEGIN SELECT RAISE(ABORT, 'an identity keeps its id'); END;

CREATE TRIGGER identities_stay_revoked BEFORE UPDATE ON identities WHEN OLD.revoked_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a revoked identity does not change'); END;

CREATE TABLE audit_log (
    seq INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL CHECK (json_valid(payload)),
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE INDEX audit_log_subject ON audit_log (subject, seq);

CREATE TRIGGER audit_log_is_never_updated BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_log_is_never_deleted BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
