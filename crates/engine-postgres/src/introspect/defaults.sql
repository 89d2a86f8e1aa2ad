-- Expressions of the columns of the relations `$1`: defaults, and what is generated. Only the latter
-- name columns; for the others the server need not open the relation.
select
    d.adrelid as _relation,
    d.adnum as _number,
    pg_get_expr(d.adbin,
        case when strpos(d.adbin::text, '{VAR ') > 0 then d.adrelid else 0 end, true) as _expression
from pg_attrdef d
where d.adrelid = any ($1)
