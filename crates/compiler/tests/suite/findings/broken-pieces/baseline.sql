CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY, note text, total numeric(10, 2), state text);
CREATE TABLE totals (id bigint, total bigint);
CREATE INDEX orders_total_idx ON orders (total);
CREATE TABLE other (id bigint);
