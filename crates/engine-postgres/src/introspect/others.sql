-- Extended statistics, collations, and kinds that are compared as text only.
select
    'statistics',
    case when n.oid = $2 then '' else n.nspname end,
    '',
    s.stxname,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', substr(pg_get_statisticsobjdef(s.oid), 2 + length(
            'CREATE STATISTICS ' || quote_ident(n.nspname) || '.' || quote_ident(s.stxname))),
        'statistics', case when s.stxstattarget >= 0 then s.stxstattarget::text end
    ))::text,
    obj_description(s.oid, 'pg_statistic_ext'),
    pg_get_userbyid(s.stxowner)
from pg_statistic_ext s
join pg_namespace n on n.oid = s.stxnamespace
where s.stxnamespace = any ($1)
union all
select
    'collation',
    case when n.oid = $2 then '' else n.nspname end,
    '',
    c.collname,
    jsonb_build_object('definition', (jsonb_strip_nulls(to_jsonb(c))
        - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text)::text,
    obj_description(c.oid, 'pg_collation'),
    pg_get_userbyid(c.collowner)
from pg_collation c
join pg_namespace n on n.oid = c.collnamespace
where c.collnamespace = any ($1)
  and not exists (
    select from pg_depend d where d.classid = 'pg_collation'::regclass and d.objid = c.oid and d.deptype = 'e')
union all
select
    'opaque',
    case when n.oid = $2 then '' else n.nspname end,
    '',
    o.name,
    jsonb_build_object('definition', o.definition)::text,
    obj_description(o.oid, o.class::regclass::name),
    null
from (
    select 'pg_operator' as class, p.oid, p.oprnamespace as namespace,
        'operator ' || p.oprname || '(' || format_type(nullif(p.oprleft, 0), null) || ', '
            || format_type(p.oprright, null) || ')' as name,
        concat_ws(', ', 'function = ' || p.oprcode::text,
            'commutator = ' || nullif(p.oprcom, 0)::regoperator::text,
            'negator = ' || nullif(p.oprnegate, 0)::regoperator::text,
            'restrict = ' || nullif(p.oprrest, 0)::regproc::text,
            'join = ' || nullif(p.oprjoin, 0)::regproc::text,
            case when p.oprcanhash then 'hashes' end, case when p.oprcanmerge then 'merges' end
        ) as definition
    from pg_operator p
    union all
    select 'pg_opclass', p.oid, p.opcnamespace,
        'operator class ' || p.opcname || ' using ' || am.amname,
        concat_ws(', ', 'for type ' || format_type(p.opcintype, null),
            case when p.opcdefault then 'default' end,
            'storage ' || format_type(nullif(p.opckeytype, 0), null),
            (select string_agg(format('operator %s %s', a.amopstrategy, a.amopopr::regoperator), ', '
                order by a.amopstrategy, a.amopopr::regoperator::text)
             from pg_amop a where a.amopfamily = p.opcfamily),
            (select string_agg(format('function %s %s', a.amprocnum, a.amproc::regprocedure), ', '
                order by a.amprocnum, a.amproc::regprocedure::text)
             from pg_amproc a where a.amprocfamily = p.opcfamily))
    from pg_opclass p join pg_am am on am.oid = p.opcmethod
    union all
    select 'pg_conversion', p.oid, p.connamespace, 'conversion ' || p.conname,
        format('%s to %s from %s%s', pg_encoding_to_char(p.conforencoding),
            pg_encoding_to_char(p.contoencoding), p.conproc,
            case when p.condefault then ' default' end)
    from pg_conversion p
    union all
    select 'pg_ts_dict', p.oid, p.dictnamespace, 'text search dictionary ' || p.dictname,
        concat_ws(', ', 'template = ' || t.tmplname, p.dictinitoption)
    from pg_ts_dict p join pg_ts_template t on t.oid = p.dicttemplate
    union all
    select 'pg_ts_config', p.oid, p.cfgnamespace, 'text search configuration ' || p.cfgname,
        concat_ws(', ', 'parser = ' || r.prsname,
            (select string_agg(format('%s with %s', m.maptokentype, m.mapdict::regdictionary), ', '
                order by m.maptokentype, m.mapseqno)
             from pg_ts_config_map m where m.mapcfg = p.oid))
    from pg_ts_config p join pg_ts_parser r on r.oid = p.cfgparser
) o
join pg_namespace n on n.oid = o.namespace
where o.namespace = any ($1)
  and not exists (
    select from pg_depend d where d.classid = o.class::regclass and d.objid = o.oid
      and d.deptype in ('e', 'i'))
