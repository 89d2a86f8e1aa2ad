-- What refers to the objects $1 of the system catalogs $2 (all of them about to be moved away) from
-- outside: a sentence part,
-- and how it is detached and attached again, null where it cannot be carried over. Run with
-- search_path = pg_catalog, so that every name is qualified.
with recursive parts (classid, objid) as (
    -- what belongs to a replaced object goes with it
    select r.classid, r.objid from unnest($2::oid[], $1::oid[]) r (classid, objid)
    union
    select d.classid, d.objid
    from pg_depend d join parts p on p.classid = d.refclassid and p.objid = d.refobjid
    where d.deptype in ('a', 'i', 'P', 'S')
      and not (d.classid = 'pg_constraint'::regclass and exists (
        select from pg_constraint o where o.oid = d.objid and o.contype = 'f'
          and o.conrelid <> all ($1)))
      and d.classid <> 'pg_rewrite'::regclass
),
outside as (
    select distinct d.classid, d.objid
    from pg_depend d join parts p on p.classid = d.refclassid and p.objid = d.refobjid
    where d.deptype in ('n', 'a')
      and not exists (select from parts q where q.classid = d.classid and q.objid = d.objid)
)
select format('foreign key %s of table %s', o.conname, o.conrelid::regclass),
    format('alter table %s drop constraint %I', o.conrelid::regclass, o.conname),
    format('alter table %s add constraint %I %s', o.conrelid::regclass, o.conname,
        pg_get_constraintdef(o.oid)),
    2 as place, o.oid as at
from outside d join pg_constraint o on d.classid = 'pg_constraint'::regclass and o.oid = d.objid
where o.contype = 'f' and o.conparentid = 0
union all
select format('%s %s', case c.relkind when 'v' then 'view' when 'm' then 'materialized view'
        else 'rule ' || r.rulename || ' on' end, c.oid::regclass),
    case when c.relkind = 'v' and r.rulename = '_RETURN' then '' end,
    case when c.relkind = 'v' and r.rulename = '_RETURN' then
        format('create or replace view %s%s as %s', c.oid::regclass,
            ' with (' || array_to_string(c.reloptions, ', ') || ')', pg_get_viewdef(c.oid)) end,
    1, r.oid
from outside d
join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
join pg_class c on c.oid = r.ev_class
where c.oid <> all ($1)
union all
select pg_describe_object(d.classid, d.objid, 0), null, null, 3, d.objid
from outside d
where d.classid not in ('pg_rewrite'::regclass, 'pg_constraint'::regclass)
   or d.classid = 'pg_constraint'::regclass
      and (select o.contype <> 'f' from pg_constraint o where o.oid = d.objid)
order by 4, 5
