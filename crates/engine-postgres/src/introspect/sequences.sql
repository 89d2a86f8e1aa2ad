-- Sequences. Those of identity columns (`_relation`, `_number`) are no objects.
select
    'sequence' as kind,
    case when d.deptype = 'i' then d.refobjid end as _relation,
    d.refobjsubid::int2 as _number,
    case when d.deptype = 'i' then
        format('start %s increment %s min %s max %s cache %s%s', s.seqstart, s.seqincrement,
            s.seqmin, s.seqmax, s.seqcache, case when s.seqcycle then ' cycle' end)
    end as _settings,
    case when n.oid = $2 then '' else n.nspname end as schema,
    c.relname as name,
    format_type(s.seqtypid, null) as "data type",
    s.seqstart::text as start,
    s.seqincrement::text as increment,
    s.seqmin::text as min,
    s.seqmax::text as max,
    s.seqcache::text as cache,
    case when s.seqcycle then 'yes' end as cycle,
    case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end as persistence,
    case when d.deptype = 'a' then d.refobjid::regclass::text || '.' || (
        select quote_ident(a.attname) from pg_attribute a
        where a.attrelid = d.refobjid and a.attnum = d.refobjsubid) end as "owned by",
    (select e.description from pg_description e
        where e.classoid = 'pg_class'::regclass and e.objoid = c.oid and e.objsubid = 0) as comment,
    pg_get_userbyid(c.relowner) as owner
from pg_class c
join pg_sequence s on s.seqrelid = c.oid
join pg_namespace n on n.oid = c.relnamespace
left join pg_depend d
    on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
    and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
where c.relnamespace = any ($1)
  and c.relkind = 'S'
  and c.oid not in (
    select e.objid from pg_depend e
    where e.refclassid = 'pg_extension'::regclass and e.classid = 'pg_class'::regclass
      and e.deptype = 'e')
