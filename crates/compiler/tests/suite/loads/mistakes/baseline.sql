CREATE TABLE accounts (id bigint PRIMARY KEY, email text);
CREATE TABLE notes (id bigint);
