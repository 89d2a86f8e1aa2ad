-- Functions, procedures and window functions by pg_get_functiondef, aggregates composed.
select
    'function' as kind,
    case when n.oid = $2 then '' else n.nspname end as schema,
    '' as parent,
    p.proname || '(' || oidvectortypes(p.proargtypes) || ')' as name,
    jsonb_strip_nulls(jsonb_build_object(
        'type', case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate'
            when 'w' then 'window' end,
        'definition', case p.prokind
            when 'a' then aggregate.text
            else rtrim(substr(pg_get_functiondef(p.oid), 1 + length(
                'CREATE OR REPLACE ' || case p.prokind when 'p' then 'PROCEDURE ' else 'FUNCTION ' end
                || quote_ident(n.nspname) || '.' || quote_ident(p.proname))), E'\n')
        end
    ))::text as properties,
    obj_description(p.oid, 'pg_proc') as comment,
    pg_get_userbyid(p.proowner) as owner
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
left join lateral (
    select format('(%s) (%s)', pg_get_function_arguments(p.oid), concat_ws(', ',
        'sfunc = ' || a.aggtransfn::text,
        'stype = ' || format_type(a.aggtranstype, null),
        'sspace = ' || nullif(a.aggtransspace, 0),
        'finalfunc = ' || nullif(a.aggfinalfn, 0)::regproc::text,
        case when a.aggfinalextra then 'finalfunc_extra' end,
        'finalfunc_modify = ' || case when a.aggfinalmodify <> usual.modify then
            case a.aggfinalmodify when 'r' then 'read_only' when 's' then 'shareable'
                else 'read_write' end end,
        'combinefunc = ' || nullif(a.aggcombinefn, 0)::regproc::text,
        'serialfunc = ' || nullif(a.aggserialfn, 0)::regproc::text,
        'deserialfunc = ' || nullif(a.aggdeserialfn, 0)::regproc::text,
        'initcond = ' || quote_literal(a.agginitval),
        'msfunc = ' || nullif(a.aggmtransfn, 0)::regproc::text,
        'minvfunc = ' || nullif(a.aggminvtransfn, 0)::regproc::text,
        'mstype = ' || format_type(nullif(a.aggmtranstype, 0), null),
        'msspace = ' || nullif(a.aggmtransspace, 0),
        'mfinalfunc = ' || nullif(a.aggmfinalfn, 0)::regproc::text,
        case when a.aggmfinalextra then 'mfinalfunc_extra' end,
        'mfinalfunc_modify = ' || case when a.aggmfinalfn <> 0 and a.aggmfinalmodify <> usual.modify then
            case a.aggmfinalmodify when 'r' then 'read_only' when 's' then 'shareable'
                else 'read_write' end end,
        'minitcond = ' || quote_literal(a.aggminitval),
        (select format('sortop = operator(%I.%s)', n.nspname, o.oprname)
            from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
            where o.oid = a.aggsortop),
        case when a.aggkind = 'h' then 'hypothetical' end,
        'parallel = ' || case p.proparallel when 's' then 'safe' when 'r' then 'restricted' end
        )) as text
    from pg_aggregate a
    cross join lateral (
        select case a.aggkind when 'n' then 'r' else 'w' end::"char" as modify) usual
    where p.prokind = 'a' and a.aggfnoid = p.oid) aggregate on true
where p.pronamespace = any ($1)
  and not exists (
    select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
      and d.deptype in ('e', 'i'))
