CREATE TABLE customers (id bigint NOT NULL, email text NOT NULL, full_name text, country text NOT NULL, is_active boolean NOT NULL,
    credit numeric(12,2), score double precision, created_at timestamp NOT NULL, profile text, avatar bytea);
CREATE TABLE products (id bigint NOT NULL, sku text NOT NULL, title text, description text, price numeric(10,2) NOT NULL, weight double precision, tags text,
    thumb bytea, discontinued boolean NOT NULL, updated_at timestamp);
CREATE TABLE orders (id bigint NOT NULL, customer_id bigint NOT NULL, status text NOT NULL, total numeric(12,2), currency text,
    placed_at timestamp NOT NULL, shipped_at timestamp, is_gift boolean, note text, meta text);
CREATE TABLE order_items (id bigint NOT NULL, order_id bigint NOT NULL, product_id bigint NOT NULL,
    qty integer NOT NULL, unit_price numeric(10,2), discount double precision, created_at timestamp, attrs text, sig bytea);
