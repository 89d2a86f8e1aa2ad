-- Constraints of tables. Not: foreign keys and checks that a partition or child table inherits,
-- constraint triggers (they are triggers), and PostgreSQL 18's plain NOT NULL, which is a property
-- of the column. Keys of partitions are read, because they have indexes of their own.
select
    'constraint',
    case when n.oid = $2 then '' else n.nspname end,
    c.relname,
    o.conname,
    jsonb_strip_nulls(jsonb_build_object(
        'type', case o.contype when 'p' then 'primary key' when 'u' then 'unique'
            when 'f' then 'foreign key' when 'c' then 'check' when 'x' then 'exclude'
            else 'not null' end,
        'definition', pg_get_constraintdef(o.oid, true),
        'columns', (
            select string_agg(quote_ident(a.attname), ', ' order by k.at)
            from unnest(o.conkey) with ordinality k (attnum, at)
            join pg_attribute a on a.attrelid = o.conrelid and a.attnum = k.attnum),
        'references', nullif(o.confrelid, 0)::regclass::text,
        'deferrable', case when o.condeferred then 'deferrable initially deferred'
            when o.condeferrable then 'deferrable' end,
        'validated', case when not o.convalidated then 'no' end,
        'valid', case when not (i.indisvalid and i.indisready and i.indislive) then 'no' end,
        'clustered', case when i.indisclustered then 'yes' end,
        'options', (select string_agg(x, ', ' order by x collate "C") from unnest(ic.reloptions) x),
        'tablespace', ts.spcname,
        'partition of', case when i.indexrelid is not null then above.conname end
    ))::text,
    obj_description(o.oid, 'pg_constraint'),
    null
from pg_constraint o
join pg_class c on c.oid = o.conrelid
join pg_namespace n on n.oid = c.relnamespace
left join pg_index i on i.indexrelid = o.conindid and o.contype in ('p', 'u', 'x')
left join pg_class ic on ic.oid = i.indexrelid
left join pg_tablespace ts on ts.oid = ic.reltablespace
left join pg_constraint above on above.oid = o.conparentid
where c.relnamespace = any ($1)
  and (o.contype in ('p', 'u', 'f', 'c', 'x')
    or o.contype = 'n' and (not o.convalidated or o.connoinherit))
  and (o.contype in ('p', 'u', 'x') or o.conparentid = 0 and (o.conislocal or o.coninhcount = 0))
  and not exists (
    select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
