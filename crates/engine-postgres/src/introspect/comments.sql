-- Comments on the relations `$1`, their columns, indexes and constraints.
select
    d.classoid = 'pg_constraint'::regclass as _constraint,
    d.objoid as _oid,
    d.objsubid as _number,
    d.description as _comment
from pg_description d
where d.classoid = 'pg_class'::regclass and (
    d.objoid = any ($1)
    or d.objoid in (select i.indexrelid from pg_index i where i.indrelid = any ($1)))
  or d.classoid = 'pg_constraint'::regclass
    and d.objoid in (select o.oid from pg_constraint o where o.conrelid = any ($1))
