-- Indexes of the relations `$1` that belong to no constraint; their definitions are asked for
-- apart. Two of the same shape, on columns of the same types, differ only in names.
select
    i.indexrelid as _oid,
    i.indrelid as _relation,
    (i.indkey::int2[])[: i.indnkeyatts - 1] as _columns,
    (i.indkey::int2[])[i.indnkeyatts :] as _others,
    case when i.indexprs is null and i.indpred is null
        and i.indexrelid not in (
            select a.attrelid from pg_attribute a where a.attoptions is not null)
        then concat_ws(';', c.relam, i.indclass, i.indoption, i.indcollation, i.indnkeyatts, c.reloptions
            , i.indnullsnotdistinct -- from 15
        ) end as _shape,
    c.relname as name,
    case when i.indisunique then 'yes' end as "unique",
    case when not (i.indisvalid and i.indisready and i.indislive) then 'no' end as valid,
    am.amname as method,
    pg_get_expr(i.indpred, i.indrelid, true) as predicate,
    case when i.indisclustered then 'yes' end as clustered,
    case when c.relispartition then (
        select p.relname from pg_inherits h join pg_class p on p.oid = h.inhparent
        where h.inhrelid = c.oid) end as "partition of",
    case when c.reltablespace <> 0 then (
        select t.spcname from pg_tablespace t where t.oid = c.reltablespace) end as tablespace,
    case when i.indexprs is not null then (
        select string_agg(a.attnum || ' ' || a.attstattarget, ', ' order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attstattarget >= 0) end as statistics
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_am am on am.oid = c.relam
where i.indrelid = any ($1)
  and i.indexrelid not in (select o.conindid from pg_constraint o where o.contype in ('p', 'u', 'x'))
