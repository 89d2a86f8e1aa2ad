-- What the constraints `$1` are.
select o.oid as _oid, pg_get_constraintdef(o.oid, true) as _definition
from pg_constraint o
where o.oid = any ($1)
