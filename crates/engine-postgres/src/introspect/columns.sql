-- Attributes of the relations `$1`.
select
    a.attrelid as _relation,
    a.attnum as _number,
    a.atttypid as _type,
    a.attcollation as _collation,
    quote_ident(a.attname) as _quoted,
    a.attname as name,
    format_type(a.atttypid, a.atttypmod) as "data type",
    case when a.attnotnull then 'yes' end as "not null",
    case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as "generated kind",
    case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
    case when not a.attislocal then 'yes' end as inherited,
    case when a.attcollation <> 0 and a.attcollation <> t.typcollation
        then a.attcollation::regcollation::text end as collation,
    case when a.attstorage <> t.typstorage then
        case a.attstorage when 'p' then 'plain' when 'e' then 'external'
            when 'm' then 'main' else 'extended' end end as storage,
    case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end as compression, -- from 14
    case when a.attstattarget >= 0 then a.attstattarget::text end as statistics,
    case when a.attoptions is not null then (
        select string_agg(o, ', ' order by o collate "C") from unnest(a.attoptions) o)
    end as options,
    case when a.attfdwoptions is not null then (
        select string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value), ', '
            order by o.option_name collate "C")
        from pg_options_to_table(a.attfdwoptions) o)
    end as "foreign options"
from pg_attribute a
join pg_type t on t.oid = a.atttypid
where a.attrelid = any ($1) and a.attnum > 0 and not a.attisdropped
