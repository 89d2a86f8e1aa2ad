-- The ledger of one run's loads: $schema is its private schema, granted to nobody.
create schema $schema;
revoke all on schema $schema from public;

create table $schema.run (
    run_id          text primary key,
    compiled_digest text not null,
    lease_s         integer not null
);

-- What the source files were like when the run began.
create table $schema.file (
    source   text not null,
    position integer not null,
    facts    text not null,
    primary key (source, position)
);

create table $schema.load (
    loads     text primary key,
    facts     text not null,
    -- When the table was there and complete, and when all its units were loaded.
    began_at  timestamptz,
    closed_at timestamptz
);

-- Whoever loads. Alive as long as its session holds its advisory lock and it is heard of.
create table $schema.member (
    id      integer generated always as identity primary key,
    who     text not null,
    leads   boolean not null,
    seen_at timestamptz not null default clock_timestamp()
);

-- One file for one table, or a chunk of it. Its rows and `done_at` are written by one transaction.
create table $schema.unit (
    loads    text not null,
    position integer not null,
    member   integer,
    tries    integer not null default 0,
    done_at  timestamptz,
    scanned  bigint,
    bytes    bigint,
    digest   text,
    misfits  text,
    primary key (loads, position)
);
create index unit_open on $schema.unit (loads, position) where done_at is null;
