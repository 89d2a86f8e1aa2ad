-- One sentence for each object of schema $1 that exists and is not right.
select format('index %s is not %s', c.relname, case when not i.indisvalid then 'valid'
    when not i.indisready then 'ready' else 'live' end)
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and not (i.indisvalid and i.indisready and i.indislive)
union all
select format('%s %s has no statistics', case c.relkind when 'm' then 'materialized view'
    else 'table' end, c.relname)
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relkind in ('r', 'p') and c.reltuples < 0
order by 1
