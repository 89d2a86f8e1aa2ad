-- What lies outside schemas. Options of user mappings hold passwords: only their names are read.
select 'schema' as kind, '' as schema, '' as parent, n.nspname as name, '{}' as properties,
    obj_description(n.oid, 'pg_namespace') as comment, pg_get_userbyid(n.nspowner) as owner
from pg_namespace n
where n.oid = any ($1) and $2::oid = 0
  and not exists (select from pg_depend d
    where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
union all
select 'event-trigger', '', '', e.evtname,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', concat_ws(' ', 'ON', e.evtevent,
            'WHEN TAG IN (' || (select string_agg(quote_literal(t), ', ' order by t)
                from unnest(e.evttags) t) || ')',
            'EXECUTE FUNCTION', e.evtfoid::regprocedure::text),
        'enabled', case e.evtenabled when 'D' then 'disabled' when 'R' then 'replica'
            when 'A' then 'always' end))::text,
    obj_description(e.oid, 'pg_event_trigger'), pg_get_userbyid(e.evtowner)
from pg_event_trigger e
where not exists (select from pg_depend d
    where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')
union all
select 'publication', '', '', p.pubname,
    jsonb_build_object('definition', concat_ws(' ',
        case when p.puballtables then 'FOR ALL TABLES' end,
        'FOR ' || nullif(concat_ws(', ',
            'TABLE ' || (
                select string_agg('ONLY ' || r.prrelid::regclass::text
                    || coalesce(' (' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) -- from 15
                        from pg_attribute a where a.attrelid = r.prrelid -- from 15
                        and a.attnum = any (r.prattrs::int2[])) || ')', '') -- from 15
                    || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid, true) || ')', '') -- from 15
                    , ', ' order by r.prrelid::regclass::text collate "C")
                from pg_publication_rel r where r.prpubid = p.oid)
            , 'TABLES IN SCHEMA ' || (select string_agg(quote_ident(n.nspname), ', ' order by n.nspname) -- from 15
                from pg_publication_namespace s join pg_namespace n on n.oid = s.pnnspid -- from 15
                where s.pnpubid = p.oid) -- from 15
        ), ''),
        format('WITH (publish = %L%s)', concat_ws(', ', case when p.pubinsert then 'insert' end,
            case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end,
            case when p.pubtruncate then 'truncate' end),
            case when p.pubviaroot then ', publish_via_partition_root = true' end)))::text,
    obj_description(p.oid, 'pg_publication'), pg_get_userbyid(p.pubowner)
from pg_publication p
union all
select 'foreign-data-wrapper', '', '', f.fdwname,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', nullif(concat_ws(' ',
            'HANDLER ' || nullif(f.fdwhandler, 0)::regproc::text,
            'VALIDATOR ' || nullif(f.fdwvalidator, 0)::regproc::text), ''),
        'options', (
            select string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value), ', '
                order by o.option_name collate "C")
            from pg_options_to_table(f.fdwoptions) o)))::text,
    obj_description(f.oid, 'pg_foreign_data_wrapper'), pg_get_userbyid(f.fdwowner)
from pg_foreign_data_wrapper f
where not exists (select from pg_depend d
    where d.classid = 'pg_foreign_data_wrapper'::regclass and d.objid = f.oid and d.deptype = 'e')
union all
select 'foreign-server', '', '', s.srvname,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', concat_ws(' ', 'TYPE ' || quote_literal(s.srvtype),
            'VERSION ' || quote_literal(s.srvversion),
            'FOREIGN DATA WRAPPER ' || quote_ident(f.fdwname)),
        'options', (
            select string_agg(quote_ident(o.option_name) || ' ' || quote_literal(o.option_value), ', '
                order by o.option_name collate "C")
            from pg_options_to_table(s.srvoptions) o)))::text,
    obj_description(s.oid, 'pg_foreign_server'), pg_get_userbyid(s.srvowner)
from pg_foreign_server s join pg_foreign_data_wrapper f on f.oid = s.srvfdw
union all
select 'user-mapping', '', '', coalesce(nullif(u.usename, 'public'), 'PUBLIC') || ' on ' || u.srvname,
    jsonb_strip_nulls(jsonb_build_object(
        'server', u.srvname,
        'options', (select string_agg(split_part(o, '=', 1), ', ' order by o collate "C")
            from unnest(u.umoptions) o)))::text,
    null, null
from pg_user_mappings u
union all
select 'cast', '', '',
    format_type(c.castsource, null) || ' as ' || format_type(c.casttarget, null),
    jsonb_build_object('definition', concat_ws(' ',
        case c.castmethod when 'f' then 'WITH FUNCTION ' || c.castfunc::regprocedure::text
            when 'i' then 'WITH INOUT' else 'WITHOUT FUNCTION' end,
        case c.castcontext when 'a' then 'AS ASSIGNMENT' when 'i' then 'AS IMPLICIT' end))::text,
    obj_description(c.oid, 'pg_cast'), null
from pg_cast c
where c.oid >= 16384
  and not exists (select from pg_depend d
    where d.classid = 'pg_cast'::regclass and d.objid = c.oid and d.deptype in ('e', 'i'))
union all
select 'opaque', '', '', 'language ' || l.lanname,
    jsonb_build_object('definition', concat_ws(' ', case when l.lanpltrusted then 'trusted' end,
        'handler ' || nullif(l.lanplcallfoid, 0)::regproc::text,
        'inline ' || nullif(l.laninline, 0)::regproc::text,
        'validator ' || nullif(l.lanvalidator, 0)::regproc::text))::text,
    obj_description(l.oid, 'pg_language'), pg_get_userbyid(l.lanowner)
from pg_language l
where l.lanispl
  and not exists (select from pg_depend d
    where d.classid = 'pg_language'::regclass and d.objid = l.oid and d.deptype = 'e')
union all
select 'opaque', '', '', 'access method ' || a.amname,
    jsonb_build_object('definition', format('type %s handler %s',
        case a.amtype when 't' then 'table' else 'index' end, a.amhandler))::text,
    obj_description(a.oid, 'pg_am'), null
from pg_am a
where a.oid >= 16384
  and not exists (select from pg_depend d
    where d.classid = 'pg_am'::regclass and d.objid = a.oid and d.deptype = 'e')
union all
select 'opaque', '', '', format('transform for %s language %I', format_type(t.trftype, null), l.lanname),
    jsonb_build_object('definition', format('(%s)', concat_ws(', ',
        'from sql with function ' || nullif(t.trffromsql, 0)::regprocedure::text,
        'to sql with function ' || nullif(t.trftosql, 0)::regprocedure::text)))::text,
    obj_description(t.oid, 'pg_transform'), null
from pg_transform t join pg_language l on l.oid = t.trflang
where not exists (select from pg_depend d
    where d.classid = 'pg_transform'::regclass and d.objid = t.oid and d.deptype = 'e')
