-- Installed extensions; they belong to the database, whatever the scope.
select 'extension', '', '', e.extname, '{}', obj_description(e.oid, 'pg_extension'), null
from pg_extension e
where e.extname <> 'plpgsql'
  and $1::oid[] is not null and $2::oid is not null
