-- Extended statistics, collations, and kinds that are compared as text only.
select
    'statistics' as kind,
    case when n.oid = $2 then '' else n.nspname end as schema,
    '' as parent,
    s.stxname as name,
    jsonb_strip_nulls(jsonb_build_object(
        'definition', substr(pg_get_statisticsobjdef(s.oid), 2 + length(
            'CREATE STATISTICS ' || quote_ident(n.nspname) || '.' || quote_ident(s.stxname))),
        'statistics', case when s.stxstattarget >= 0 then s.stxstattarget::text end
    ))::text as properties,
    obj_description(s.oid, 'pg_statistic_ext') as comment,
    pg_get_userbyid(s.stxowner) as owner
from pg_statistic_ext s
join pg_namespace n on n.oid = s.stxnamespace
where s.stxnamespace = any ($1)
union all
select
    'collation',
    case when n.oid = $2 then '' else n.nspname end,
    '',
    c.collname,
    jsonb_build_object('definition', format('(%s)', concat_ws(', ',
        'provider = ' || case c.collprovider when 'i' then 'icu' when 'b' then 'builtin'
            when 'd' then 'default' else 'libc' end,
        'locale = ' || quote_literal(coalesce(j.c ->> 'colliculocale', j.c ->> 'colllocale')),
        'lc_collate = ' || quote_literal(c.collcollate),
        'lc_ctype = ' || quote_literal(c.collctype),
        'rules = ' || quote_literal(j.c ->> 'collicurules'),
        case when not c.collisdeterministic then 'deterministic = false' end)))::text,
    obj_description(c.oid, 'pg_collation'),
    pg_get_userbyid(c.collowner)
from pg_collation c
cross join lateral (select to_jsonb(c)) j (c)
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
        'operator ' || p.oprname || '(' || coalesce(format_type(nullif(p.oprleft, 0), null), 'NONE')
            || ', ' || coalesce(format_type(nullif(p.oprright, 0), null), 'NONE') || ')' as name,
        concat_ws(', ', 'function = ' || p.oprcode::text,
            'leftarg = ' || format_type(nullif(p.oprleft, 0), null),
            'rightarg = ' || format_type(nullif(p.oprright, 0), null),
            (select format('commutator = operator(%I.%s)', s.nspname, o.oprname)
                from pg_operator o join pg_namespace s on s.oid = o.oprnamespace
                where o.oid = p.oprcom),
            (select format('negator = operator(%I.%s)', s.nspname, o.oprname)
                from pg_operator o join pg_namespace s on s.oid = o.oprnamespace
                where o.oid = p.oprnegate),
            'restrict = ' || nullif(p.oprrest, 0)::regproc::text,
            'join = ' || nullif(p.oprjoin, 0)::regproc::text,
            case when p.oprcanhash then 'hashes' end, case when p.oprcanmerge then 'merges' end
        ) as definition
    from pg_operator p
    -- The operator that another one names before it is made has no function.
    where p.oprcode <> 0
    union all
    select 'pg_opclass', p.oid, p.opcnamespace,
        'operator class ' || p.opcname || ' using ' || am.amname,
        concat_ws(' ', case when p.opcdefault then 'default' end,
            'for type ' || format_type(p.opcintype, null), 'using ' || am.amname,
            (select format('family %I.%I', s.nspname, f.opfname)
             from pg_opfamily f join pg_namespace s on s.oid = f.opfnamespace
             where f.oid = p.opcfamily and (f.opfname, f.opfnamespace) <> (p.opcname, p.opcnamespace)),
            'as ' || concat_ws(', ',
                (select string_agg(format('operator %s %s', a.amopstrategy, a.amopopr::regoperator)
                    || coalesce(' for order by ' || quote_ident(s.nspname) || '.' || quote_ident(f.opfname), ''), ', '
                    order by a.amopstrategy, a.amopopr::regoperator::text collate "C")
                 from pg_amop a left join pg_opfamily f on f.oid = a.amopsortfamily
                 left join pg_namespace s on s.oid = f.opfnamespace
                 where a.amopfamily = p.opcfamily and (a.amoplefttype, a.amoprighttype)
                    = (p.opcintype, p.opcintype)),
                (select string_agg(format('function %s %s', a.amprocnum, a.amproc::regprocedure), ', '
                    order by a.amprocnum, a.amproc::regprocedure::text collate "C")
                 from pg_amproc a where a.amprocfamily = p.opcfamily
                    and (a.amproclefttype, a.amprocrighttype) = (p.opcintype, p.opcintype)),
                'storage ' || format_type(nullif(p.opckeytype, 0), null)))
    from pg_opclass p join pg_am am on am.oid = p.opcmethod
    union all
    select 'pg_opfamily', p.oid, p.opfnamespace,
        'operator family ' || p.opfname || ' using ' || am.amname,
        concat_ws(', ',
            'using ' || am.amname,
            (select string_agg(format('operator %s %s', a.amopstrategy, a.amopopr::regoperator), ', '
                order by a.amopstrategy, a.amopopr::regoperator::text collate "C")
             from pg_amop a where a.amopfamily = p.oid and a.amoplefttype <> a.amoprighttype),
            (select string_agg(format('function %s %s', a.amprocnum, a.amproc::regprocedure), ', '
                order by a.amprocnum, a.amproc::regprocedure::text collate "C")
             from pg_amproc a where a.amprocfamily = p.oid and a.amproclefttype <> a.amprocrighttype))
    from pg_opfamily p join pg_am am on am.oid = p.opfmethod
    -- One that belongs to a single class of its own name is made with it.
    where not exists (
        select from pg_opclass o where o.opcfamily = p.oid and o.opcname = p.opfname
          and o.opcnamespace = p.opfnamespace)
      or exists (
        select from pg_amop a where a.amopfamily = p.oid and a.amoplefttype <> a.amoprighttype)
      or exists (
        select from pg_amproc a where a.amprocfamily = p.oid and a.amproclefttype <> a.amprocrighttype)
    union all
    select 'pg_conversion', p.oid, p.connamespace, 'conversion ' || p.conname,
        format('%sfor %L to %L from %s', case when p.condefault then 'default ' end,
            pg_encoding_to_char(p.conforencoding), pg_encoding_to_char(p.contoencoding), p.conproc)
    from pg_conversion p
    union all
    select 'pg_ts_dict', p.oid, p.dictnamespace, 'text search dictionary ' || p.dictname,
        concat_ws(', ', format('template = %I.%I', s.nspname, t.tmplname), p.dictinitoption)
    from pg_ts_dict p join pg_ts_template t on t.oid = p.dicttemplate
    join pg_namespace s on s.oid = t.tmplnamespace
    union all
    select 'pg_ts_config', p.oid, p.cfgnamespace, 'text search configuration ' || p.cfgname,
        concat_ws('; ', format('parser = %I.%I', s.nspname, r.prsname),
            (select string_agg(format('%I with %s', kind.alias, m.dictionaries), '; ' order by m.maptokentype)
             from (select maptokentype, string_agg(mapdict::regdictionary::text, ', ' order by mapseqno)
                as dictionaries from pg_ts_config_map where mapcfg = p.oid group by maptokentype) m
             join ts_token_type(p.cfgparser) kind on kind.tokid = m.maptokentype))
    from pg_ts_config p join pg_ts_parser r on r.oid = p.cfgparser
    join pg_namespace s on s.oid = r.prsnamespace
    union all
    select 'pg_ts_template', p.oid, p.tmplnamespace, 'text search template ' || p.tmplname,
        concat_ws(', ', 'init = ' || nullif(p.tmplinit, 0)::regproc::text,
            'lexize = ' || p.tmpllexize::text)
    from pg_ts_template p
    union all
    select 'pg_ts_parser', p.oid, p.prsnamespace, 'text search parser ' || p.prsname,
        concat_ws(', ', 'start = ' || p.prsstart::text, 'gettoken = ' || p.prstoken::text,
            'end = ' || p.prsend::text, 'headline = ' || nullif(p.prsheadline, 0)::regproc::text,
            'lextypes = ' || p.prslextype::text)
    from pg_ts_parser p
) o
join pg_namespace n on n.oid = o.namespace
where o.namespace = any ($1)
  and not exists (
    select from pg_depend d where d.classid = o.class::regclass and d.objid = o.oid
      and d.deptype in ('e', 'i'))
