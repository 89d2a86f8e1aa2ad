-- Sequences, without those of identity columns.
select
    'sequence',
    case when n.oid = $2 then '' else n.nspname end,
    '',
    c.relname,
    jsonb_strip_nulls(jsonb_build_object(
        'data type', format_type(s.seqtypid, null),
        'start', s.seqstart::text,
        'increment', s.seqincrement::text,
        'min', s.seqmin::text,
        'max', s.seqmax::text,
        'cache', s.seqcache::text,
        'cycle', case when s.seqcycle then 'yes' end,
        'persistence', case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end,
        'owned by', (
            select o.refobjid::regclass::text || '.' || quote_ident(a.attname)
            from pg_depend o
            join pg_attribute a on a.attrelid = o.refobjid and a.attnum = o.refobjsubid
            where o.classid = 'pg_class'::regclass and o.objid = c.oid
              and o.refclassid = 'pg_class'::regclass and o.deptype = 'a')
    ))::text,
    obj_description(c.oid, 'pg_class'),
    pg_get_userbyid(c.relowner)
from pg_sequence s
join pg_class c on c.oid = s.seqrelid
join pg_namespace n on n.oid = c.relnamespace
where c.relnamespace = any ($1)
  and not exists (
    select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
      and d.deptype in ('e', 'i'))
