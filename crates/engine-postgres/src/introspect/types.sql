-- Types and domains. Not: row types, array types, multiranges.
select
    case t.typtype when 'd' then 'domain' else 'type' end as kind,
    case when n.oid = $2 then '' else n.nspname end as schema,
    '' as parent,
    t.typname as name,
    (jsonb_strip_nulls(jsonb_build_object(
        'type', case
            when not t.typisdefined then 'shell'
            when t.typtype = 'e' then 'enum'
            when t.typtype = 'c' then 'composite'
            when t.typtype = 'r' then 'range'
            when t.typtype = 'b' then 'base' end,
        'labels', case when t.typtype = 'e' then (
            select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
            from pg_enum e where e.enumtypid = t.oid) end,
        'attributes', case when t.typtype = 'c' then (
            select string_agg(concat_ws(' ', quote_ident(a.attname),
                format_type(a.atttypid, a.atttypmod),
                case when a.attcollation <> b.typcollation
                    then 'collate ' || nullif(a.attcollation, 0)::regcollation::text end), ', '
                order by a.attnum)
            from pg_attribute a join pg_type b on b.oid = a.atttypid
            where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped) end,
        'definition', case t.typtype
            when 'r' then (
                select concat_ws(', ',
                    'subtype = ' || format_type(r.rngsubtype, null),
                    'subtype_opclass = ' || case when not o.opcdefault
                        then quote_ident(on_.nspname) || '.' || quote_ident(o.opcname) end,
                    'collation = ' || nullif(r.rngcollation, 0)::regcollation::text,
                    'canonical = ' || nullif(r.rngcanonical, 0)::regproc::text,
                    'subtype_diff = ' || nullif(r.rngsubdiff, 0)::regproc::text
                    , 'multirange_type_name = ' || r.rngmultitypid::regtype::text -- from 14
                )
                from pg_range r join pg_opclass o on o.oid = r.rngsubopc
                join pg_namespace on_ on on_.oid = o.opcnamespace where r.rngtypid = t.oid)
            when 'b' then concat_ws(', ',
                'input = ' || t.typinput::text, 'output = ' || t.typoutput::text,
                'receive = ' || nullif(t.typreceive, 0)::regproc::text, 'send = ' || nullif(t.typsend, 0)::regproc::text,
                'typmod_in = ' || nullif(t.typmodin, 0)::regproc::text,
                'typmod_out = ' || nullif(t.typmodout, 0)::regproc::text,
                'analyze = ' || nullif(t.typanalyze, 0)::regproc::text,
                'internallength = ' || case when t.typlen = -1 then 'variable' else t.typlen::text end,
                case when t.typbyval then 'passedbyvalue' end,
                'alignment = ' || case t.typalign when 'c' then 'char' when 's' then 'int2'
                    when 'd' then 'double' else 'int4' end,
                'storage = ' || case t.typstorage when 'p' then 'plain' when 'e' then 'external'
                    when 'm' then 'main' else 'extended' end,
                'category = ' || quote_literal(t.typcategory::text),
                case when t.typispreferred then 'preferred = true' end,
                'default = ' || quote_literal(t.typdefault),
                'element = ' || format_type(nullif(t.typelem, 0), null),
                'delimiter = ' || quote_literal(nullif(t.typdelim, ',')::text),
                case when t.typcollation <> 0 then 'collatable = true' end) end,
        'data type', case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end,
        'not null', case when t.typnotnull then 'yes' end,
        'default', case when t.typtype = 'd' then
            coalesce(pg_get_expr(t.typdefaultbin, 0, true), t.typdefault) end,
        'collation', case when t.typtype = 'd' and t.typcollation <> base.typcollation
            then nullif(t.typcollation, 0)::regcollation::text end
    )) || coalesce((
        select jsonb_object_agg('check ' || o.conname, pg_get_constraintdef(o.oid, true))
        from pg_constraint o where o.contypid = t.oid and o.contype = 'c'), '{}')
        || coalesce((
        select jsonb_object_agg('comment on check ' || o.conname, obj_description(o.oid, 'pg_constraint'))
        from pg_constraint o where o.contypid = t.oid and o.contype = 'c'
          and obj_description(o.oid, 'pg_constraint') is not null), '{}'))::text as properties,
    coalesce(obj_description(t.oid, 'pg_type'), obj_description(t.typrelid, 'pg_class')) as comment,
    pg_get_userbyid(t.typowner) as owner
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid
left join pg_type base on base.oid = t.typbasetype
where t.typnamespace = any ($1)
  and (t.typtype in ('e', 'r', 'd') or t.typtype = 'c' and c.relkind = 'c'
    or t.typtype in ('b', 'p') and t.typcategory <> 'A' and (t.typtype = 'b' or not t.typisdefined))
  and not exists (
    select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid
      and d.deptype in ('e', 'i'))
