-- What the indexes `$1` are, from USING on.
select
    c.oid as _oid,
    substr(d.text, strpos(d.text, ' USING ' || quote_ident(am.amname) || ' (') + 1) as _definition
from pg_class c
join pg_am am on am.oid = c.relam
cross join lateral (select pg_get_indexdef(c.oid, 0, true) offset 0) d (text)
where c.oid = any ($1)
