-- The objects of schema $1 that move by themselves, with the head of their ALTER statement, in an
-- order in which the names in those statements stay true. What belongs to a table (indexes,
-- constraints, owned sequences, triggers, policies, row types) moves with it.
with s as (select n.oid, n.nspname from pg_namespace n where n.nspname = $1),
objects (step, class, oid, kind, name, identity, owned, alter) as (
    select 1, 'pg_proc'::regclass, p.oid, 'function', p.proname,
        p.proname || '(' || coalesce((
            select string_agg(case when t.typnamespace = s.oid then '.' || t.typname
                else format_type(t.oid, null) end, ', ' order by a.at)
            from unnest(p.proargtypes) with ordinality a (type, at)
            join pg_type t on t.oid = a.type), '') || ')',
        p.proowner,
        format('alter routine %I.%I(%s)', s.nspname, p.proname,
            pg_get_function_identity_arguments(p.oid))
    from s join pg_proc p on p.pronamespace = s.oid
    union all
    select 1, 'pg_operator'::regclass, o.oid, 'operator', o.oprname,
        o.oprname || '(' || format_type(nullif(o.oprleft, 0), null) || ', '
            || format_type(o.oprright, null) || ')',
        o.oprowner,
        format('alter operator %I.%s(%s, %s)', s.nspname, o.oprname,
            coalesce(format_type(nullif(o.oprleft, 0), null), 'none'), format_type(o.oprright, null))
    from s join pg_operator o on o.oprnamespace = s.oid
    union all
    select 1, 'pg_opclass'::regclass, o.oid, 'operator class', o.opcname, o.opcname || am.amname,
        o.opcowner, format('alter operator class %I.%I using %I', s.nspname, o.opcname, am.amname)
    from s join pg_opclass o on o.opcnamespace = s.oid join pg_am am on am.oid = o.opcmethod
    union all
    select 1, 'pg_opfamily'::regclass, o.oid, 'operator family', o.opfname, o.opfname || am.amname,
        o.opfowner, format('alter operator family %I.%I using %I', s.nspname, o.opfname, am.amname)
    from s join pg_opfamily o on o.opfnamespace = s.oid join pg_am am on am.oid = o.opfmethod
    union all
    select 2, 'pg_statistic_ext'::regclass, x.oid, 'statistics', x.stxname, x.stxname,
        x.stxowner, format('alter statistics %I.%I', s.nspname, x.stxname)
    from s join pg_statistic_ext x on x.stxnamespace = s.oid
    union all
    select 3, 'pg_class'::regclass, c.oid,
        case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
            when 'f' then 'foreign table' when 'S' then 'sequence' else 'table' end,
        c.relname, c.relname, c.relowner,
        format('alter %s %I.%I', case c.relkind when 'v' then 'view'
            when 'm' then 'materialized view' when 'f' then 'foreign table'
            when 'S' then 'sequence' else 'table' end, s.nspname, c.relname)
    from s join pg_class c on c.relnamespace = s.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and not (c.relkind = 'S' and exists (
        select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
          and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')))
    union all
    select 4, 'pg_type'::regclass, t.oid,
        case t.typtype when 'm' then 'multirange' when 'd' then 'domain' else 'type' end,
        t.typname, t.typname, t.typowner, format('alter type %I.%I', s.nspname, t.typname)
    from s join pg_type t on t.typnamespace = s.oid left join pg_class c on c.oid = t.typrelid
    where t.typtype in ('e', 'd', 'r', 'm') or t.typtype = 'c' and c.relkind = 'c'
       or t.typtype in ('b', 'p') and t.typcategory <> 'A'
    union all
    select 5, 'pg_collation'::regclass, o.oid, 'collation', o.collname, o.collname, o.collowner,
        format('alter collation %I.%I', s.nspname, o.collname)
    from s join pg_collation o on o.collnamespace = s.oid
    union all
    select 5, 'pg_conversion'::regclass, o.oid, 'conversion', o.conname, o.conname, o.conowner,
        format('alter conversion %I.%I', s.nspname, o.conname)
    from s join pg_conversion o on o.connamespace = s.oid
    union all
    select 5, 'pg_ts_dict'::regclass, o.oid, 'text search dictionary', o.dictname, o.dictname,
        o.dictowner, format('alter text search dictionary %I.%I', s.nspname, o.dictname)
    from s join pg_ts_dict o on o.dictnamespace = s.oid
    union all
    select 5, 'pg_ts_config'::regclass, o.oid, 'text search configuration', o.cfgname, o.cfgname,
        o.cfgowner, format('alter text search configuration %I.%I', s.nspname, o.cfgname)
    from s join pg_ts_config o on o.cfgnamespace = s.oid
)
select o.class::oid, o.oid, o.kind, o.name::text, o.identity::text, o.alter,
    pg_has_role(o.owned, 'USAGE')
from objects o
where not exists (
    select from pg_depend d where d.classid = o.class::oid and d.objid = o.oid and d.deptype = 'e')
order by o.step, o.kind, o.identity
