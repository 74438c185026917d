-- Records of every kind, the audit log that vouches for them, the approvals that were used, and the head of the chain.
-- The columns of `records` beside `record` are computed from it by the writer; the last audit row of the subject
-- vouches for all of them, so that none can disagree with the record unnoticed.

CREATE TABLE meta (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    registry_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    head_seq INTEGER NOT NULL,
    head_hash TEXT NOT NULL,
    -- 1 while the registry is being copied here from another one.
    unfinished INTEGER NOT NULL DEFAULT 0 CHECK (unfinished IN (0, 1))
) STRICT;

CREATE TABLE records (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    environment TEXT NOT NULL,
    key TEXT NOT NULL,
    parent TEXT,
    ended TEXT,
    record TEXT NOT NULL CHECK (json_valid(record))
) STRICT;

CREATE UNIQUE INDEX records_live ON records (kind, environment, key) WHERE ended IS NULL;

CREATE INDEX records_key ON records (kind, environment, key);

CREATE INDEX records_parent ON records (parent) WHERE parent IS NOT NULL;

CREATE TRIGGER records_are_never_deleted BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'a record is never deleted: it stays as a tombstone'); END;

CREATE TRIGGER records_keep_their_id BEFORE UPDATE ON records
WHEN NEW.id IS NOT OLD.id OR NEW.kind IS NOT OLD.kind
    OR NEW.environment IS NOT OLD.environment OR NEW.key IS NOT OLD.key
BEGIN SELECT RAISE(ABORT, 'a record keeps its id, kind, environment and key'); END;

CREATE TRIGGER records_stay_ended BEFORE UPDATE ON records WHEN OLD.ended IS NOT NULL AND NEW.ended IS NOT OLD.ended
BEGIN SELECT RAISE(ABORT, 'a record that ended stays ended'); END;

CREATE TABLE consumed_approvals (
    digest TEXT NOT NULL PRIMARY KEY,
    request TEXT NOT NULL,
    subject TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TRIGGER consumed_approvals_are_never_updated BEFORE UPDATE ON consumed_approvals
BEGIN SELECT RAISE(ABORT, 'an approval that was used stays used'); END;

CREATE TRIGGER consumed_approvals_are_never_deleted BEFORE DELETE ON consumed_approvals
BEGIN SELECT RAISE(ABORT, 'an approval that was used stays used'); END;

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
