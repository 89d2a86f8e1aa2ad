-- The types of the relation $1, and the base types and element types that they lead to.
with recursive used(oid) as (
    select a.atttypid
    from pg_catalog.pg_attribute a
    where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped
    union
    select next.oid
    from used
    join pg_catalog.pg_type t on t.oid = used.oid
    cross join lateral (values (t.typbasetype), (t.typelem)) as next(oid)
    where next.oid <> 0
)
select t.oid, t.typtype::text, t.typbasetype, t.typtypmod, t.typelem,
       p.proname::text, p.pronamespace = 'pg_catalog'::regnamespace,
       array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid)
from used
join pg_catalog.pg_type t on t.oid = used.oid
left join pg_catalog.pg_proc p on p.oid = t.typreceive
