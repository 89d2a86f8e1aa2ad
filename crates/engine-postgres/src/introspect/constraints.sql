-- Constraints of the relations `$1`; their definitions are asked for apart. Not: foreign keys and
-- checks that a partition or child table inherits, constraint triggers (they are triggers), and
-- PostgreSQL 18's plain NOT NULL, which is a property of the column. Keys of partitions are read,
-- because they have indexes of their own. Two keys of the same shape differ only in names; the two
-- lists of columns are those of the key and what it includes, or refers to.
select
    o.oid as _oid,
    o.conrelid as _relation,
    o.conkey as _columns,
    case when o.contype in ('p', 'u') then (i.indkey::int2[])[i.indnkeyatts : i.indnatts - 1]
        else o.confkey end as _others,
    o.confrelid as _references,
    case when o.contype in ('p', 'u', 'f')
        and o.confdelsetcols is null -- from 15
        then concat_ws(';', o.contype, o.confmatchtype, o.confupdtype, o.confdeltype,
            o.condeferrable, o.condeferred, o.convalidated, c.reloptions
            , i.indnullsnotdistinct -- from 15
            , o.conperiod, o.conenforced -- from 18
        ) end as _shape,
    o.conname as name,
    case o.contype when 'p' then 'primary key' when 'u' then 'unique'
        when 'f' then 'foreign key' when 'c' then 'check' when 'x' then 'exclude'
        else 'not null' end as type,
    case when o.confrelid <> 0 then o.confrelid::regclass::text end as "references",
    case when o.condeferred then 'deferrable initially deferred'
        when o.condeferrable then 'deferrable' end as deferrable,
    case when not o.convalidated then 'no' end as validated,
    case when not (i.indisvalid and i.indisready and i.indislive) then 'no' end as valid,
    case when i.indisclustered then 'yes' end as clustered,
    case when c.reloptions is not null then (
        select string_agg(x, ', ' order by x collate "C") from unnest(c.reloptions) x) end as options,
    case when c.reltablespace <> 0 then (
        select t.spcname from pg_tablespace t where t.oid = c.reltablespace) end as tablespace,
    case when i.indexrelid is not null and o.conparentid <> 0 then (
        select p.conname from pg_constraint p where p.oid = o.conparentid) end as "partition of"
from pg_constraint o
left join pg_index i on i.indexrelid = o.conindid and o.contype in ('p', 'u', 'x')
left join pg_class c on c.oid = i.indexrelid
where o.conrelid = any ($1)
  and (o.contype in ('p', 'u', 'f', 'c', 'x')
    or o.contype = 'n' and (not o.convalidated or o.connoinherit))
  and (o.contype in ('p', 'u', 'x') or o.conparentid = 0 and (o.conislocal or o.coninhcount = 0))
