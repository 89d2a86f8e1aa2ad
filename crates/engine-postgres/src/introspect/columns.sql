-- Columns of tables; those of views and composite types only where they have something that the
-- query or the type does not say.
select
    'column',
    case when n.oid = $2 then '' else n.nspname end,
    c.relname,
    a.attname,
    jsonb_strip_nulls(jsonb_build_object(
        'data type', format_type(a.atttypid, a.atttypmod),
        'not null', case when a.attnotnull then 'yes' end,
        'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid, true) end,
        'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid, true) end,
        'generated kind', case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
        'identity', case a.attidentity when 'a' then 'always' when 'd' then 'by default' end,
        'identity sequence', identity.settings,
        'identity sequence name', identity.name,
        'inherited', case when not a.attislocal and not c.relispartition then 'yes' end,
        'collation', case when a.attcollation <> t.typcollation
            then nullif(a.attcollation, 0)::regcollation::text end,
        'storage', case when a.attstorage <> t.typstorage then
            case a.attstorage when 'p' then 'plain' when 'e' then 'external'
                when 'm' then 'main' else 'extended' end end,
        'compression', case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end, -- from 14
        'statistics', case when a.attstattarget >= 0 then a.attstattarget::text end,
        'options', (select string_agg(o, ', ' order by o collate "C") from unnest(a.attoptions) o),
        'foreign options', (
            select string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value), ', '
                order by o.option_name collate "C")
            from pg_options_to_table(a.attfdwoptions) o)
    ))::text,
    col_description(c.oid, a.attnum),
    null
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join (
    select p.refobjid, p.refobjsubid, sc.relname as name,
        format('start %s increment %s min %s max %s cache %s%s', s.seqstart, s.seqincrement,
            s.seqmin, s.seqmax, s.seqcache, case when s.seqcycle then ' cycle' end) as settings
    from pg_depend p join pg_sequence s on s.seqrelid = p.objid join pg_class sc on sc.oid = p.objid
    where p.classid = 'pg_class'::regclass and p.refclassid = 'pg_class'::regclass and p.deptype = 'i'
    ) identity on identity.refobjid = c.oid and identity.refobjsubid = a.attnum
where c.relnamespace = any ($1)
  and a.attnum > 0 and not a.attisdropped
  and (c.relkind in ('r', 'p', 'f')
    or c.relkind in ('v', 'm', 'c')
      and (d.oid is not null or col_description(c.oid, a.attnum) is not null)
    or c.relkind = 'm' and (a.attoptions is not null or a.attstattarget >= 0
      or a.attstorage <> t.typstorage))
  and not exists (
    select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
