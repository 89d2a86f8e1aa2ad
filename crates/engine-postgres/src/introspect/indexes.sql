-- Indexes that belong to no constraint. One that is attached to the index of a partitioned table
-- says so; its name says nothing, because PostgreSQL makes it.
select
    'index',
    case when n.oid = $2 then '' else n.nspname end,
    t.relname,
    c.relname,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', substr(def.text, strpos(def.text, ' USING ' || am.amname || ' (') + 1),
        'unique', case when i.indisunique then 'yes' end,
        'valid', case when not (i.indisvalid and i.indisready and i.indislive) then 'no' end,
        'method', am.amname,
        'predicate', pg_get_expr(i.indpred, i.indrelid, true),
        'columns', case when not 0 = any (i.indkey::int2[]) then (
            select string_agg(quote_ident(a.attname), ', ' order by k.at)
            from unnest(i.indkey::int2[]) with ordinality k (attnum, at)
            join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum) end,
        'clustered', case when i.indisclustered then 'yes' end,
        'partition of', case when c.relispartition then (
            select p.relname from pg_inherits h join pg_class p on p.oid = h.inhparent
            where h.inhrelid = c.oid) end,
        'tablespace', ts.spcname,
        'statistics', (
            select string_agg(a.attnum || ' ' || a.attstattarget, ', ' order by a.attnum)
            from pg_attribute a where a.attrelid = c.oid and a.attstattarget >= 0)
    ))::text,
    obj_description(c.oid, 'pg_class'),
    null
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = t.relnamespace
join pg_am am on am.oid = c.relam
left join pg_tablespace ts on ts.oid = c.reltablespace
cross join lateral (select pg_get_indexdef(c.oid, 0, true) offset 0) def (text)
where t.relnamespace = any ($1)
  and t.relkind in ('r', 'p', 'm')
  and c.oid not in (select o.conindid from pg_constraint o where o.contype in ('p', 'u', 'x'))
  and not exists (
    select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = t.oid and e.deptype = 'e')
