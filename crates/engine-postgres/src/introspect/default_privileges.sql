-- ALTER DEFAULT PRIVILEGES: those of the schemas in scope, and the global ones of a whole database,
-- which replace the built-in default and are therefore compared with it.
with wanted as (
    select d.*, case when d.defaclnamespace in (0, $2) then '' else n.nspname end as schema,
        case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences'
            when 'f' then 'functions' when 'T' then 'types' else 'schemas' end as parent
    from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace
    where d.defaclnamespace = any ($1) or d.defaclnamespace = 0 and $2 = 0
), granted as (
    select w.oid, w.schema, w.parent, w.defaclrole, x.grantee, x.privilege_type,
        bool_or(x.is_grantable) as grantable
    from wanted w cross join lateral aclexplode(w.defaclacl) x
    where x.grantee <> w.defaclrole or w.defaclnamespace <> 0
    group by 1, 2, 3, 4, 5, 6
), builtin as (
    select w.oid, w.schema, w.parent, w.defaclrole, x.grantee, x.privilege_type
    from wanted w cross join lateral aclexplode(acldefault(
        case w.defaclobjtype when 'S' then 's' else w.defaclobjtype end::"char", w.defaclrole)) x
    where x.grantee = 0 and w.defaclnamespace = 0
), deviations as (
    select schema, parent, defaclrole, grantee, privilege_type,
        case when b.oid is null then case when g.grantable then 'grantable' else 'granted' end
            when g.oid is null then 'revoked' end as state
    from granted g
    full join builtin b using (schema, parent, defaclrole, grantee, privilege_type)
)
select
    'default-privileges' as kind,
    d.schema,
    d.parent,
    pg_get_userbyid(d.defaclrole) || ' to ' || coalesce(r.rolname, 'PUBLIC') as name,
    jsonb_object_agg(lower(d.privilege_type), d.state)::text as properties
from deviations d
left join pg_roles r on r.oid = d.grantee
where d.state is not null
group by d.schema, d.parent, d.defaclrole, r.rolname
