-- Everything that the schema defines, a line each, in words that do not depend on the server's version.
SELECT line FROM (
    SELECT format('column %s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, coalesce(l.collname, '')) AS line
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
    WHERE c.relnamespace = to_regnamespace('nhi') AND c.relkind <> 'i'
    UNION ALL SELECT format('relation %s %s %s %s %s', relname, relkind, relpersistence, relrowsecurity, relhasrules)
    FROM pg_class WHERE relnamespace = to_regnamespace('nhi')
    UNION ALL SELECT format('index %s unique %s primary %s valid %s where %s on %s', c.relname, i.indisunique,
        i.indisprimary, i.indisvalid, coalesce(pg_get_expr(i.indpred, i.indrelid), ''), i.indkey)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = to_regnamespace('nhi')
    UNION ALL SELECT format('constraint %s %s on %s valid %s', o.conname, o.contype, o.conrelid::regclass, o.convalidated)
    FROM pg_constraint o WHERE o.connamespace = to_regnamespace('nhi') AND o.contype <> 'n'
    UNION ALL SELECT format('trigger %s on %s enabled %s type %s calls %s with %s', t.tgname, c.relname, t.tgenabled,
        t.tgtype, t.tgfoid::regproc, encode(t.tgargs, 'hex'))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = to_regnamespace('nhi') AND NOT t.tgisinternal
    UNION ALL SELECT format('function %s %s', proname, md5(prosrc))
    FROM pg_proc WHERE pronamespace = to_regnamespace('nhi')
) AS lines ORDER BY line COLLATE "C"
