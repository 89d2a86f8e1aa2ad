-- Relations: tables, foreign tables, views and materialized views, and the composite types whose
-- attributes may have comments.
select
    c.oid as _oid,
    c.relkind as _kind,
    case c.relkind
        when 'v' then 'view'
        when 'm' then 'materialized-view'
        when 'f' then 'foreign-table'
        else 'table'
    end as kind,
    case when n.oid = $2 then '' else n.nspname end as schema,
    c.relname as name,
    case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end as persistence,
    case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end as "partition by",
    case when c.relispartition then parents.names end as "partition of",
    case when c.relispartition then pg_get_expr(c.relpartbound, 0, true) end as "partition bound",
    case when not c.relispartition then parents.names end as inherits,
    case when c.relrowsecurity then 'yes' end as "row security",
    case when c.relforcerowsecurity then 'yes' end as "force row security",
    case c.relreplident
        when 'f' then 'full'
        when 'n' then case when c.relkind in ('r', 'p') then 'nothing' end
        when 'i' then (
            select ic.relname from pg_index i join pg_class ic on ic.oid = i.indexrelid
            where i.indrelid = c.oid and i.indisreplident)
    end as "replica identity",
    case when am.amname <> 'heap' then am.amname end as "access method",
    case when c.reloptions is not null or toast.reloptions is not null or c.relkind = 'f' then
        nullif(concat_ws(', ',
            (select string_agg(o, ', ' order by o collate "C") from unnest(c.reloptions) o),
            (select string_agg('toast.' || o, ', ' order by o collate "C")
                from unnest(toast.reloptions) o),
            (select string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value),
                ', ' order by o.option_name collate "C")
                from pg_foreign_table f cross join pg_options_to_table(f.ftoptions) o
                where f.ftrelid = c.oid)), '')
    end as options,
    case when c.reloftype <> 0 then c.reloftype::regtype::text end as "of type",
    case when c.reltablespace <> 0 then (
        select t.spcname from pg_tablespace t where t.oid = c.reltablespace) end as tablespace,
    case when c.relkind = 'f' then (
        select s.srvname from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver
        where f.ftrelid = c.oid) end as server,
    case when c.relkind in ('v', 'm')
        then rtrim(pg_get_viewdef(c.oid, true), E'; \n') end as definition,
    pg_get_userbyid(c.relowner) as owner
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join pg_am am on am.oid = c.relam
left join pg_class toast
    on toast.oid = c.reltoastrelid and toast.relkind = 't' and toast.reloptions is not null
cross join lateral (
    select case when c.oid in (select i.inhrelid from pg_inherits i) then (
        select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
        from pg_inherits i where i.inhrelid = c.oid) end as names) parents
where c.relnamespace = any ($1)
  and c.relkind in ('r', 'p', 'f', 'v', 'm', 'c')
  and c.oid not in (
    select d.objid from pg_depend d
    where d.refclassid = 'pg_extension'::regclass and d.classid = 'pg_class'::regclass
      and d.deptype = 'e')
