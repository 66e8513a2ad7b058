-- What a schema is, for runner/artifact/fingerprint.py: one row per object, as the server itself writes it.
WITH space AS (
    SELECT n.* FROM pg_namespace n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), relation AS (
    SELECT c.*, format('%I.%I', n.nspname, c.relname) AS named
    FROM pg_class c JOIN space n ON n.oid = c.relnamespace
    WHERE c.relname NOT IN ('runner_history', 'runner_journal')
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e')
)
SELECT kind, name, said FROM (
    SELECT 'schema', n.nspname, '' FROM space n WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_namespace'::regclass AND e.objid = n.oid AND e.deptype = 'e')
    UNION ALL
    SELECT 'extension', extname, extversion FROM pg_extension WHERE extname <> 'plpgsql'
    UNION ALL
    SELECT 'relation', c.named, concat_ws(' ', c.relkind, c.relpersistence,
    c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.reloptions::text, am.amname,
    pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid),
    (SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid
    AND c.relkind NOT IN ('i', 'I')))
    FROM relation c LEFT JOIN pg_am am ON am.oid = c.relam
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
    UNION ALL
    SELECT 'column', c.named, concat_ws(' ',
    to_char(row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), '0000'), quote_ident(a.attname),
    format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
    CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END,
    pg_get_expr(d.adbin, d.adrelid), a.attstorage, a.attcompression, a.attoptions::text)
    FROM pg_attribute a JOIN relation c ON c.oid = a.attrelid
    JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    UNION ALL
    SELECT 'constraint', c.named, concat_ws(' ', quote_ident(k.conname),
    pg_get_constraintdef(k.oid), k.convalidated)
    FROM pg_constraint k JOIN relation c ON c.oid = k.conrelid
    UNION ALL
    SELECT 'index', c.named, concat_ws(' ', pg_get_indexdef(i.indexrelid),
    i.indisvalid, i.indisclustered, i.indisreplident)
    FROM pg_index i JOIN relation c ON c.oid = i.indrelid
    UNION ALL
    SELECT 'view', c.named, pg_get_viewdef(c.oid)
    FROM relation c WHERE c.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'sequence', c.named, concat_ws(' ', format_type(s.seqtypid, NULL),
    s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
    (SELECT format('%s.%s', o.refobjid::regclass, o.refobjsubid > 0) FROM pg_depend o WHERE o.objid = c.oid
    AND o.classid = 'pg_class'::regclass AND o.deptype IN ('a', 'i') AND o.refclassid = 'pg_class'::regclass))
    FROM pg_sequence s JOIN relation c ON c.oid = s.seqrelid
    UNION ALL
    SELECT 'type', format('%I.%I', n.nspname, t.typname), concat_ws(' ', t.typtype,
    (SELECT string_agg(quote_literal(e.enumlabel), ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid),
    CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, t.typnotnull, t.typdefault,
    (SELECT string_agg(concat_ws(' ', k.conname, pg_get_constraintdef(k.oid)), ',' ORDER BY k.conname)
    FROM pg_constraint k WHERE k.contypid = t.oid),
    (SELECT concat_ws(' ', format_type(r.rngsubtype, NULL), r.rngcanonical, r.rngsubdiff) FROM pg_range r
    WHERE r.rngtypid = t.oid))
    FROM pg_type t JOIN space n ON n.oid = t.typnamespace
    WHERE t.typtype IN ('d', 'e', 'r') AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_type'::regclass AND e.objid = t.oid AND e.deptype = 'e')
    UNION ALL
    SELECT 'function', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
    CASE WHEN p.prokind = 'a' THEN (SELECT concat_ws(' ', g.aggtransfn, g.aggfinalfn, g.agginitval) FROM pg_aggregate g
    WHERE g.aggfnoid = p.oid) ELSE pg_get_functiondef(p.oid) END
    FROM pg_proc p JOIN space n ON n.oid = p.pronamespace WHERE NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')
    UNION ALL
    SELECT 'trigger', c.named, concat_ws(' ', pg_get_triggerdef(g.oid), g.tgenabled)
    FROM pg_trigger g JOIN relation c ON c.oid = g.tgrelid
    WHERE NOT g.tgisinternal
    UNION ALL
    SELECT 'rule', c.named, pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN relation c ON c.oid = r.ev_class
    WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT 'policy', c.named, concat_ws(' ', y.polname, y.polcmd, y.polpermissive,
    (SELECT string_agg(o.rolname, ',' ORDER BY o.rolname) FROM pg_roles o WHERE o.oid = ANY (y.polroles)),
    pg_get_expr(y.polqual, y.polrelid), pg_get_expr(y.polwithcheck, y.polrelid))
    FROM pg_policy y JOIN relation c ON c.oid = y.polrelid
    UNION ALL
    SELECT 'comment', c.named, concat_ws(' ', (SELECT a.attname FROM pg_attribute a
    WHERE (a.attrelid, a.attnum) = (c.oid, m.objsubid) AND m.objsubid > 0), quote_literal(m.description))
    FROM pg_description m JOIN relation c ON m.classoid = 'pg_class'::regclass AND c.oid = m.objoid
) AS told (kind, name, said)
ORDER BY kind COLLATE "C", name COLLATE "C", said COLLATE "C"
