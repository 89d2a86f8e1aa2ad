-- Installed extensions; they belong to the database, whatever the scope. Where they live counts
-- for a whole database only: one schema of it may be staged under another name.
select 'extension' as kind, '' as schema, '' as parent, e.extname as name,
    jsonb_strip_nulls(jsonb_build_object('schema', case when $2::oid = 0 then n.nspname end))::text as properties,
    obj_description(e.oid, 'pg_extension') as comment
from pg_extension e
join pg_namespace n on n.oid = e.extnamespace
where e.extname <> 'plpgsql'
