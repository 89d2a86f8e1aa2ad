-- What hangs on a table or view: triggers, rules, policies.
select
    'trigger' as kind,
    case when n.oid = $2 then '' else n.nspname end as schema,
    c.relname as parent,
    t.tgname as name,
    jsonb_strip_nulls(jsonb_build_object(
        'type', case when t.tgconstraint <> 0 then 'constraint' end,
        'definition', substr(pg_get_triggerdef(t.oid, true), 2 + length(
            case when t.tgconstraint <> 0 then 'CREATE CONSTRAINT TRIGGER ' else 'CREATE TRIGGER ' end
            || quote_ident(t.tgname))),
        'enabled', case t.tgenabled when 'D' then 'disabled' when 'R' then 'replica'
            when 'A' then 'always' end
    ))::text as properties,
    obj_description(t.oid, 'pg_trigger') as comment,
    null as owner
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_namespace n on n.oid = c.relnamespace
where c.relnamespace = any ($1) and not t.tgisinternal and t.tgparentid = 0
  and not exists (
    select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
union all
select
    'rule',
    case when n.oid = $2 then '' else n.nspname end,
    c.relname,
    r.rulename,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', ltrim(substr(pg_get_ruledef(r.oid, true),
            1 + length('CREATE RULE ' || quote_ident(r.rulename) || ' AS')), E' \n'),
        'enabled', case r.ev_enabled when 'D' then 'disabled' when 'R' then 'replica'
            when 'A' then 'always' end
    ))::text,
    obj_description(r.oid, 'pg_rewrite'),
    null
from pg_rewrite r
join pg_class c on c.oid = r.ev_class
join pg_namespace n on n.oid = c.relnamespace
where c.relnamespace = any ($1) and r.rulename <> '_RETURN'
  and not exists (
    select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
union all
select
    'policy',
    case when n.oid = $2 then '' else n.nspname end,
    c.relname,
    p.polname,
    jsonb_strip_nulls(jsonb_build_object(
        'type', case when not p.polpermissive then 'restrictive' end,
        'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert'
            when 'w' then 'update' when 'd' then 'delete' end,
        'roles', coalesce((
            select string_agg(quote_ident(r.rolname), ', ' order by r.rolname)
            from pg_roles r where r.oid = any (p.polroles)), 'PUBLIC'),
        'using', pg_get_expr(p.polqual, p.polrelid, true),
        'with check', pg_get_expr(p.polwithcheck, p.polrelid, true)
    ))::text,
    obj_description(p.oid, 'pg_policy'),
    null
from pg_policy p
join pg_class c on c.oid = p.polrelid
join pg_namespace n on n.oid = c.relnamespace
where c.relnamespace = any ($1)
