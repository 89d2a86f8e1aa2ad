CREATE TABLE accounts (id bigint PRIMARY KEY, email text, made timestamptz);
CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
CREATE TABLE empty (id bigint);
CREATE TABLE quiet (id bigint);
