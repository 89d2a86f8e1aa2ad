-- Functions, procedures and window functions by pg_get_functiondef, aggregates composed.
select
    'function',
    case when n.oid = $2 then '' else n.nspname end,
    '',
    p.proname || '(' || oidvectortypes(p.proargtypes) || ')',
    jsonb_strip_nulls(jsonb_build_object(
        'type', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate'
            when 'w' then 'window' end,
        'definition', case p.prokind
            when 'a' then aggregate.text
            else rtrim(substr(pg_get_functiondef(p.oid), 1 + length(
                'CREATE OR REPLACE ' || case p.prokind when 'p' then 'PROCEDURE ' else 'FUNCTION ' end
                || quote_ident(n.nspname) || '.' || quote_ident(p.proname))), E'\n')
        end
    ))::text,
    obj_description(p.oid, 'pg_proc'),
    pg_get_userbyid(p.proowner)
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
left join lateral (
    select format('(%s) (%s)', pg_get_function_arguments(p.oid), concat_ws(', ',
        'sfunc = ' || a.aggtransfn::text,
        'stype = ' || format_type(a.aggtranstype, null),
        'sspace = ' || nullif(a.aggtransspace, 0),
        'finalfunc = ' || nullif(a.aggfinalfn, 0)::regproc::text,
        case when a.aggfinalextra then 'finalfunc_extra' end,
        'finalfunc_modify = ' || a.aggfinalmodify::text,
        'combinefunc = ' || nullif(a.aggcombinefn, 0)::regproc::text,
        'serialfunc = ' || nullif(a.aggserialfn, 0)::regproc::text,
        'deserialfunc = ' || nullif(a.aggdeserialfn, 0)::regproc::text,
        'initcond = ' || quote_literal(a.agginitval),
        'msfunc = ' || nullif(a.aggmtransfn, 0)::regproc::text,
        'minvfunc = ' || nullif(a.aggminvtransfn, 0)::regproc::text,
        'mstype = ' || format_type(nullif(a.aggmtranstype, 0), null),
        'mfinalfunc = ' || nullif(a.aggmfinalfn, 0)::regproc::text,
        'minitcond = ' || quote_literal(a.aggminitval),
        'sortop = ' || nullif(a.aggsortop, 0)::regoper::text,
        'kind = ' || a.aggkind::text,
        'parallel = ' || p.proparallel::text)) as text
    from pg_aggregate a where p.prokind = 'a' and a.aggfnoid = p.oid) aggregate on true
where p.pronamespace = any ($1)
  and not exists (
    select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
      and d.deptype in ('e', 'i'))
