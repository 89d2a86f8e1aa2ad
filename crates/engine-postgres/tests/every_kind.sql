-- One object of every kind and with every unusual property that a capture must write.
create schema "Odd Schema";
create schema tools;
comment on schema tools is 'it''s \ odd';
revoke all on schema public from public;
grant usage on schema public to public;
do $$ begin create role app; exception when duplicate_object then null; end $$;
do $$ begin create role "Odd Role"; exception when duplicate_object then null; end $$;

create extension citext with schema tools;
create extension btree_gist with schema tools;

create collation tools.german (provider = icu, locale = 'de-u-co-phonebk', deterministic = false);
create type public.status as enum ('new', 'it''s paid', 'a, b');
comment on type public.status is 'states';
create type tools.pair as (a integer, b character varying(10) collate "C");
comment on column tools.pair.a is 'first';
create domain public.amount as numeric(12, 2) default 0 not null constraint positive check (value >= 0);
comment on constraint positive on domain public.amount is 'no debts';
alter domain public.amount add constraint small check (value < 1000000) not valid;
grant usage on type public.status to app;
revoke usage on type tools.pair from public;

create function tools.diff(a double precision, b double precision) returns double precision
    language sql immutable as 'select a - b';
create type tools.span as range (subtype = double precision, subtype_diff = tools.diff);

create function tools.cat(text, text) returns text language sql immutable strict as $$ select $1 || $2 $$;
create operator tools.<+> (function = tools.cat, leftarg = text, rightarg = text);
create function tools.neg(text) returns text language sql immutable as $$ select reverse($1) $$;
create operator tools.!!! (function = tools.neg, rightarg = text);
comment on operator tools.<+> (text, text) is 'joined';
create aggregate tools.last_of(integer) (sfunc = int4larger, stype = integer, initcond = '0');
comment on aggregate tools.last_of(integer) is 'the last';
create aggregate tools.percent(double precision order by double precision)
    (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_cont_float8_final);
create function tools.to_pair(text) returns tools.pair language sql immutable as $$ select row(1, $1)::tools.pair $$;
create cast (text as tools.pair) with function tools.to_pair(text) as assignment;
create text search dictionary tools.plain (template = simple, stopwords = english);
create text search configuration tools.search (parser = "default");
alter text search configuration tools.search add mapping for asciiword, word with tools.plain, simple;
create conversion tools.latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create operator class tools.down for type integer using btree as
    operator 1 > , operator 2 >= , operator 3 = , operator 4 <= , operator 5 < , function 1 btint4cmp(integer, integer);

create sequence public.invoice_no as integer start with 100 increment by -5 minvalue -1000 maxvalue 100 cache 10 cycle;
comment on sequence public.invoice_no is 'down';
grant usage, select on sequence public.invoice_no to app;

create function public.is_ok(x integer) returns boolean language sql immutable as $$ select $1 > 0 $$;
create procedure public.nothing(inout x integer) language plpgsql as $$ begin x := 1; end $$;
create function public.total(c bigint, variadic rest integer[] default '{}') returns numeric
    language sql stable security definer set search_path to public, tools cost 5 as $$ select 1.0 $$;
revoke execute on function public.total(bigint, integer[]) from public;
grant execute on function public.total(bigint, integer[]) to app with grant option;
grant execute on procedure public.nothing(integer) to "Odd Role";
comment on procedure public.nothing(integer) is 'does it';

create table public.customers (
    id bigint generated always as identity (start with 10 increment by 2) primary key,
    email tools.citext not null constraint customers_email_unique unique deferrable initially deferred,
    name text compression pglz collate "C",
    "Odd Column" text default 'it''s \ x',
    secret text,
    rating integer default 0 check (public.is_ok(rating)),
    during tools.span,
    upper_name text generated always as (upper(name)) stored,
    exclude using gist (rating with =) where (rating > 0)
) with (autovacuum_vacuum_scale_factor = 0.05, fillfactor = 70, toast.autovacuum_enabled = false);
alter table public.customers alter secret set storage external, alter name set statistics 250,
    alter name set (n_distinct = -0.5);
create unlogged table public.scratchpad (id integer);
create table public.orders (
    id serial primary key,
    customer bigint not null,
    total public.amount,
    state public.status default 'new',
    constraint orders_customer_fkey foreign key (customer) references public.customers on delete cascade on update restrict deferrable,
    constraint small check (total < 1000000)
);
create sequence public.renamed_seq;
create table public.old_name (id integer generated by default as identity, code integer default nextval('public.renamed_seq'));
alter sequence public.renamed_seq owned by public.old_name.code;
alter table public.old_name rename to new_name;
grant usage on sequence public.old_name_id_seq to app;
alter table public.orders add constraint later check (id > 0) not valid;
alter table public.orders add constraint even unique nulls not distinct (customer) include (id) with (fillfactor = 50);
comment on constraint even on public.orders is 'one each';
comment on table public.orders is 'all
orders';
comment on column public.orders.total is 'with tax';
comment on column public.customers."Odd Column" is 'odd';
grant select, insert (total) on public.orders to app with grant option;
grant update on public.orders to "Odd Role";
grant select on public.customers to public;
revoke truncate on public.customers from current_user;
create index orders_customer_idx on public.orders (customer desc nulls last, state) where total > 0;
create index orders_lower_idx on public.customers using btree (lower(name) text_pattern_ops) include (email) with (fillfactor = 60);
alter index public.orders_lower_idx alter column 1 set statistics 77;
comment on index public.orders_lower_idx is 'by name';
alter table public.customers cluster on orders_lower_idx;
alter table public.customers replica identity full;
create index down_idx on public.orders (id tools.down);
alter table public.orders replica identity using index orders_pkey;
create statistics tools.orders_stats (dependencies, ndistinct) on customer, state from public.orders;
alter statistics tools.orders_stats set statistics 500;
comment on statistics tools.orders_stats is 'both';

-- A table and a function that need each other.
create table public.loops (id integer primary key, next integer);
create function public.next_of(l public.loops) returns integer language sql immutable as $$ select 1 $$;
alter table public.loops add constraint loop_ok check (public.next_of(loops.*) > 0);

create table public.parents (id integer not null, note text default 'p', constraint pos check (id > 0));
create table public.children (extra text, note text default 'c') inherits (public.parents);
alter table public.children alter column id set default 7;

create table public.events (at date not null, id integer not null, what text default 'x', check (what <> ''), primary key (at, id, what))
    partition by range (at);
create table tools.events_2026 (id integer not null, dropped text, at date not null, what text not null, constraint events_what_check check (what <> ''));
alter table tools.events_2026 drop column dropped;
alter table public.events attach partition tools.events_2026 for values from ('2026-01-01') to ('2027-01-01');
create table public.events_rest partition of public.events default partition by list (what);
create table public.events_rest_a partition of public.events_rest for values in ('a', 'b');
create index events_what on public.events (what);
create unique index events_local on tools.events_2026 (what, at);
alter table public.events add constraint events_customer foreign key (id) references public.orders (id);
alter index public.events_rest_a_what_idx rename to other_name;

create table public.typed of tools.pair;
alter table public.typed alter column a set not null, add primary key (a);

create function public.touch() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger touch before update of total on public.orders for each row when (new.total is not null) execute function public.touch();
alter table public.orders disable trigger touch;
create constraint trigger checked after insert on public.orders deferrable initially deferred for each row execute function public.touch();
create trigger many after insert on public.customers referencing new table as added for each statement execute function public.touch();
alter table public.customers enable always trigger many;
comment on trigger many on public.customers is 'all at once';
create rule no_delete as on delete to public.customers where old.id = 1 do instead nothing;
comment on rule no_delete on public.customers is 'one stays';
alter table public.orders enable row level security;
alter table public.orders force row level security;
create policy mine on public.orders as restrictive for select to app, "Odd Role" using (customer > 0);
create policy own on public.orders with check (id > 0);
comment on policy mine on public.orders is 'mine';

create view "Odd Schema".base as select 1 as a, 'x'::text as "B c";
create view public.rich with (security_barrier, check_option = local) as select id, rating from public.customers where rating in (1, 2);
alter view public.rich alter column rating set default 3;
comment on view public.rich is 'rich';
comment on column public.rich.rating is 'stars';
grant select (id) on public.rich to app;
create materialized view "Odd Schema".daily with (fillfactor = 90) as select a, count(*) as n from "Odd Schema".base group by a;
create unique index daily_a on "Odd Schema".daily (a);
comment on materialized view "Odd Schema".daily is 'by day';
create table "Odd Schema"."Odd.Table" ("odd.column" integer primary key, "select" text);
grant select ("odd.column") on "Odd Schema"."Odd.Table" to app;
create view public.grouped as select c.*, count(*) as n from public.customers c group by c.id;
create function public.all_rich() returns setof public.rich begin atomic select * from public.rich; end;

create foreign data wrapper files options (debug 'true, or so');
create server elsewhere type 'x' version '1' foreign data wrapper files options (host 'a, b');
create user mapping for public server elsewhere options (password 'canary');
create foreign table public.remote (id integer options (column_name 'i, d') not null, what text) server elsewhere options (path '/x, y');
grant usage on foreign server elsewhere to app;
grant select on public.remote to app;
comment on foreign table public.remote is 'far';
create publication changes for table public.customers (id, email), public.new_name where (code > 0) with (publish = 'insert, update');
create publication everything for tables in schema tools;
create function public.audit() returns event_trigger language plpgsql as $$ begin end $$;
create event trigger audit on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function public.audit();
alter event trigger audit disable;
alter default privileges for role app in schema public grant select on tables to "Odd Role" with grant option;
alter default privileges for role app revoke execute on functions from public;
