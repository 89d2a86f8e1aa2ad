CREATE TABLE customers (
    id         bigint PRIMARY KEY,
    email      text NOT NULL,
    full_name  text,
    country    text NOT NULL,
    is_active  boolean NOT NULL DEFAULT true,
    credit     numeric(12,2),
    score      double precision,
    created_at timestamp NOT NULL,
    profile    jsonb,
    avatar     bytea
);
CREATE TABLE products (
    id           bigint PRIMARY KEY,
    sku          text NOT NULL,
    title        text,
    description  text,
    price        numeric(10,2) NOT NULL,
    weight       double precision,
    tags         jsonb,
    thumb        bytea,
    discontinued boolean NOT NULL DEFAULT false,
    updated_at   timestamp
);
CREATE TABLE orders (
    id          bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers (id),
    status      text NOT NULL,
    total       numeric(12,2),
    currency    text,
    placed_at   timestamp NOT NULL,
    shipped_at  timestamp,
    is_gift     boolean,
    note        text,
    meta        jsonb
);
CREATE TABLE order_items (
    id         bigint PRIMARY KEY,
    order_id   bigint NOT NULL REFERENCES orders (id),
    product_id bigint NOT NULL REFERENCES products (id),
    qty        integer NOT NULL DEFAULT 1,
    unit_price numeric(10,2),
    discount   double precision,
    created_at timestamp,
    attrs      jsonb,
    sig        bytea
);
CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE INDEX customers_country_created ON customers (country, created_at);
CREATE UNIQUE INDEX products_sku ON products (sku);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_placed ON orders (placed_at);
CREATE INDEX orders_status_placed ON orders (status, placed_at);
CREATE INDEX items_order ON order_items (order_id);
CREATE INDEX items_product ON order_items (product_id);
