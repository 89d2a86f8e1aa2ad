-- Grants, one row per object and role. Where an ACL is null PostgreSQL's built-in default holds, so
-- only what deviates from that default is a grant: more than it, or less for PUBLIC or the owner
-- (`revoked`). What an owner has on its own objects is no grant.
with objects (namespace, parent, owner, class, acl) as (
    select c.relnamespace,
        case c.relkind when 'S' then 'sequence ' else 'table ' end || c.relname,
        c.relowner, case c.relkind when 'S' then 's' else 'r' end::"char", c.relacl
    from pg_class c
    where c.relacl is not null and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
      and c.relnamespace = any ($1)
      and c.oid not in (select d.objid from pg_depend d
        where d.refclassid = 'pg_extension'::regclass and d.classid = 'pg_class'::regclass
          and d.deptype = 'e')
    union all
    select c.relnamespace, 'column ' || c.relname || '.' || a.attname, c.relowner, 'c', a.attacl
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attacl is not null and not a.attisdropped and c.relkind in ('r', 'p', 'f', 'v', 'm')
      and c.relnamespace = any ($1)
      and c.oid not in (select d.objid from pg_depend d
        where d.refclassid = 'pg_extension'::regclass and d.classid = 'pg_class'::regclass
          and d.deptype = 'e')
    union all
    select p.pronamespace,
        'function ' || p.proname || '(' || oidvectortypes(p.proargtypes) || ')',
        p.proowner, 'f', p.proacl
    from pg_proc p
    where p.proacl is not null
      and not exists (select from pg_depend d
        where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
    union all
    select t.typnamespace, 'type ' || t.typname, t.typowner, 'T', t.typacl
    from pg_type t
    where t.typacl is not null
      and not exists (select from pg_depend d
        where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype in ('e', 'i'))
    union all
    select n.oid, 'schema', n.nspowner, 'n', n.nspacl
    from pg_namespace n where n.nspacl is not null
    union all
    select 0, 'language ' || l.lanname, l.lanowner, 'l', l.lanacl
    from pg_language l where l.lanacl is not null
    union all
    select 0, 'foreign data wrapper ' || f.fdwname, f.fdwowner, 'F', f.fdwacl
    from pg_foreign_data_wrapper f where f.fdwacl is not null
    union all
    select 0, 'server ' || s.srvname, s.srvowner, 'S', s.srvacl
    from pg_foreign_server s where s.srvacl is not null
), wanted as (
    select o.*, case when o.namespace in (0, $2) then '' else n.nspname end as schema
    from objects o left join pg_namespace n on n.oid = o.namespace
    where o.namespace = any ($1) or o.namespace = 0 and $2 = 0
), granted as (
    select w.schema, w.parent, x.privilege_type, bool_or(x.is_grantable) as grantable,
        case x.grantee when 0 then 'PUBLIC' when w.owner then 'OWNER' else r.rolname end as role
    from wanted w cross join lateral aclexplode(w.acl) x
    left join pg_roles r on r.oid = x.grantee
    group by 1, 2, 3, 5
), builtin as (
    select w.schema, w.parent, x.privilege_type,
        case x.grantee when 0 then 'PUBLIC' else 'OWNER' end as role
    from wanted w cross join lateral aclexplode(acldefault(w.class, w.owner)) x
    where x.grantee in (0, w.owner)
), deviations as (
    select schema, parent, role, privilege_type,
        case when b.schema is null and role <> 'OWNER' then
                case when g.grantable then 'grantable' else 'granted' end
            when g.schema is null then 'revoked' end as state
    from granted g
    full join builtin b using (schema, parent, privilege_type, role)
)
select
    'grant' as kind,
    d.schema,
    d.parent,
    d.role as name,
    jsonb_object_agg(lower(d.privilege_type), d.state)::text as properties
from deviations d
where d.state is not null
group by d.schema, d.parent, d.role
