create table accounts (id bigint);
create table orders (id bigint);
