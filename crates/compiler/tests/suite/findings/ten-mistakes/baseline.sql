CREATE TABLE customers (id bigint NOT NULL PRIMARY KEY, email text NOT NULL);
CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, customer_id bigint NOT NULL);
CREATE TABLE notes (id bigint NOT NULL, body text);
CREATE INDEX notes_body_idx ON notes (body);
