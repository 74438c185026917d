-- The same tables as in SQLite, in a schema of their own. Texts compare byte by byte ("C"), so that both backends sort
-- and tell keys apart alike.

CREATE SCHEMA nhi;

CREATE TABLE nhi.meta (
    sole boolean PRIMARY KEY CHECK (sole),
    schema bigint NOT NULL,
    registry_id text NOT NULL,
    created_at text NOT NULL,
    head_seq bigint NOT NULL,
    head_hash text NOT NULL,
    -- True while the registry is being copied here from another one.
    unfinished boolean NOT NULL DEFAULT false
);

CREATE TABLE nhi.records (
    id text COLLATE "C" PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    environment text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    parent text COLLATE "C",
    ended text COLLATE "C",
    record text NOT NULL CHECK (record::json IS NOT NULL)
);

CREATE UNIQUE INDEX records_live ON nhi.records (kind, environment, key) WHERE ended IS NULL;

CREATE INDEX records_key ON nhi.records (kind, environment, key);

CREATE INDEX records_parent ON nhi.records (parent) WHERE parent IS NOT NULL;

CREATE TABLE nhi.consumed_approvals (
    digest text COLLATE "C" PRIMARY KEY,
    request text NOT NULL,
    subject text NOT NULL,
    at text NOT NULL
);

CREATE TABLE nhi.audit_log (
    seq bigint PRIMARY KEY,
    time text NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject text COLLATE "C" NOT NULL,
    payload text NOT NULL CHECK (payload::json IS NOT NULL),
    previous text NOT NULL,
    hash text NOT NULL
);

CREATE INDEX audit_log_subject ON nhi.audit_log (subject, seq);

CREATE FUNCTION nhi.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
$$BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'restrict_violation'; END$$;

CREATE TRIGGER records_are_never_deleted BEFORE DELETE OR TRUNCATE ON nhi.records
FOR EACH STATEMENT EXECUTE FUNCTION nhi.refuse('a record is never deleted: it stays as a tombstone');

CREATE TRIGGER records_keep_their_id BEFORE UPDATE ON nhi.records FOR EACH ROW
WHEN ((NEW.id, NEW.kind, NEW.environment, NEW.key) IS DISTINCT FROM (OLD.id, OLD.kind, OLD.environment, OLD.key))
EXECUTE FUNCTION nhi.refuse('a record keeps its id, kind, environment and key');

CREATE TRIGGER records_stay_ended BEFORE UPDATE ON nhi.records FOR EACH ROW
WHEN (OLD.ended IS NOT NULL AND NEW.ended IS DISTINCT FROM OLD.ended)
EXECUTE FUNCTION nhi.refuse('a record that ended stays ended');

CREATE TRIGGER consumed_approvals_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON nhi.consumed_approvals
FOR EACH STATEMENT EXECUTE FUNCTION nhi.refuse('an approval that was used stays used');

CREATE TRIGGER audit_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON nhi.audit_log
FOR EACH STATEMENT EXECUTE FUNCTION nhi.refuse('the audit log is append-only');
