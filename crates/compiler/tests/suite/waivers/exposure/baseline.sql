create table users (id bigint primary key, email text not null);
create table notes (id bigint primary key, owner text not null);
create table drafts (id bigint primary key, owner text not null);
create policy own_notes on notes using (owner = current_user);
create policy own_drafts on drafts using (owner = current_user);
alter table drafts enable row level security;
