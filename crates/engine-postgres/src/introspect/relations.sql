-- Tables, foreign tables, views and materialized views.
select
    case c.relkind
        when 'v' then 'view'
        when 'm' then 'materialized-view'
        when 'f' then 'foreign-table'
        else 'table'
    end,
    case when n.oid = $2 then '' else n.nspname end,
    '',
    c.relname,
    jsonb_strip_nulls(jsonb_build_object(
        'persistence', case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end,
        'partition by', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
        'partition of', case when c.relispartition then inherited.parents end,
        'partition bound', case when c.relispartition then pg_get_expr(c.relpartbound, c.oid, true) end,
        'inherits', case when not c.relispartition then inherited.parents end,
        'row security', case when c.relrowsecurity then 'yes' end,
        'force row security', case when c.relforcerowsecurity then 'yes' end,
        'replica identity', case c.relreplident
            when 'f' then 'full'
            when 'n' then case when c.relkind in ('r', 'p') then 'nothing' end
            when 'i' then (
                select ic.relname from pg_index i join pg_class ic on ic.oid = i.indexrelid
                where i.indrelid = c.oid and i.indisreplident)
        end,
        'access method', nullif(am.amname, 'heap'),
        'options', nullif(concat_ws(', ',
            (select string_agg(o, ', ' order by o collate "C") from unnest(c.reloptions) o),
            (select string_agg('toast.' || o, ', ' order by o collate "C")
                from unnest(toast.reloptions) o),
            (select string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value),
                ', ' order by o.option_name collate "C")
                from pg_options_to_table(f.ftoptions) o)), ''),
        'of type', nullif(c.reloftype, 0)::regtype::text,
        'tablespace', ts.spcname,
        'server', s.srvname,
        'columns', columns.names,
        'definition', case when c.relkind in ('v', 'm')
            then rtrim(pg_get_viewdef(c.oid, true), E'; \n') end
    ))::text,
    obj_description(c.oid, 'pg_class'),
    pg_get_userbyid(c.relowner)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_am am on am.oid = c.relam
left join pg_tablespace ts on ts.oid = c.reltablespace
left join pg_class toast on toast.oid = c.reltoastrelid
left join pg_foreign_table f on f.ftrelid = c.oid
left join pg_foreign_server s on s.oid = f.ftserver
left join (
    select i.inhrelid, string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno) as parents
    from pg_inherits i group by i.inhrelid) inherited on inherited.inhrelid = c.oid
left join (
    select a.attrelid, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as names
    from pg_attribute a where a.attnum > 0 and not a.attisdropped
    group by a.attrelid) columns on columns.attrelid = c.oid and c.relkind in ('r', 'p', 'f')
where c.relnamespace = any ($1)
  and c.relkind in ('r', 'p', 'f', 'v', 'm')
  and not exists (
    select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
