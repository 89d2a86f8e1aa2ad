-- The known-good schema of plans/quickstart on SQLite.
CREATE TABLE customers (
    id         bigint NOT NULL,
    email      text NOT NULL,
    full_name  text NOT NULL,
    active     boolean NOT NULL DEFAULT true,
    created_at timestamp NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT customers_email_key UNIQUE (email)
);

CREATE TABLE order_items (
    order_id   bigint NOT NULL,
    product_id bigint NOT NULL,
    quantity   integer NOT NULL DEFAULT 1,
    unit_price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, product_id),
    CONSTRAINT order_items_order_fk FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    CONSTRAINT order_items_product_fk FOREIGN KEY (product_id) REFERENCES products (id)
);

CREATE TABLE orders (
    id          bigint NOT NULL,
    customer_id bigint NOT NULL,
    status      text NOT NULL DEFAULT 'new',
    placed_at   timestamp NOT NULL,
    note        text,
    PRIMARY KEY (id),
    CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id)
);

CREATE TABLE products (
    id    bigint NOT NULL,
    sku   text NOT NULL,
    title text NOT NULL,
    price numeric(10, 2) NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT products_sku_key UNIQUE (sku),
    CONSTRAINT products_price_check CHECK (price >= 0)
);

CREATE INDEX order_items_product_idx ON order_items (product_id);

CREATE INDEX orders_customer_idx ON orders (customer_id);

CREATE INDEX orders_open_idx ON orders (placed_at) WHERE status <> 'delivered';
