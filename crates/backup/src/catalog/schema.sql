-- The catalog of backups. A backup is known by its path below the folder of backups.
create table backup (
  name text primary key,
  kind text not null,
  origin text not null,
  engine text not null,
  taken_at text not null,
  size integer not null,
  row_count integer not null,
  sha256 text not null,
  run text,
  created_by text not null,
  -- JSON of the retention rules.
  keep text not null,
  -- How to come back from it, command by command.
  procedure text not null,
  -- Set when it was removed on purpose.
  pruned_at text,
  pruned_why text
) strict;

-- Each test of a backup; a restore drill also measures the recovery time.
create table verification (
  id integer primary key,
  backup text not null references backup (name),
  test text not null check (test in ('checksum', 'restore-drill', 'restore')),
  tested_at text not null,
  elapsed_ms integer not null,
  passed integer not null check (passed in (0, 1)),
  detail text not null,
  row_count integer not null
) strict;

create index verification_backup_idx on verification (backup, id);

pragma user_version = 1;
