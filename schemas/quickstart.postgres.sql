-- The known-good schema of plans/quickstart on PostgreSQL.
CREATE TABLE customers (
    id         bigint NOT NULL,
    email      text NOT NULL,
    full_name  text NOT NULL,
    active     boolean DEFAULT true NOT NULL,
    created_at timestamp without time zone NOT NULL
);

CREATE TABLE order_items (
    order_id   bigint NOT NULL,
    product_id bigint NOT NULL,
    quantity   integer DEFAULT 1 NOT NULL,
    unit_price numeric(10,2) NOT NULL
);

CREATE TABLE orders (
    id          bigint NOT NULL,
    customer_id bigint NOT NULL,
    status      text DEFAULT 'new'::text NOT NULL,
    placed_at   timestamp without time zone NOT NULL,
    note        text
);

CREATE TABLE products (
    id    bigint NOT NULL,
    sku   text NOT NULL,
    title text NOT NULL,
    price numeric(10,2) NOT NULL,
    CONSTRAINT products_price_check CHECK ((price >= (0)::numeric))
);

ALTER TABLE ONLY customers ADD CONSTRAINT customers_pkey PRIMARY KEY (id);
ALTER TABLE ONLY customers ADD CONSTRAINT customers_email_key UNIQUE (email);
ALTER TABLE ONLY order_items ADD CONSTRAINT order_items_pkey PRIMARY KEY (order_id, product_id);
ALTER TABLE ONLY orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY products ADD CONSTRAINT products_pkey PRIMARY KEY (id);
ALTER TABLE ONLY products ADD CONSTRAINT products_sku_key UNIQUE (sku);

CREATE INDEX order_items_product_idx ON order_items USING btree (product_id);
CREATE INDEX orders_customer_idx ON orders USING btree (customer_id);
CREATE INDEX orders_open_idx ON orders USING btree (placed_at) WHERE (status <> 'delivered'::text);

ALTER TABLE ONLY order_items
    ADD CONSTRAINT order_items_order_fk FOREIGN KEY (order_id) REFERENCES orders(id) ON DELETE CASCADE;
ALTER TABLE ONLY order_items
    ADD CONSTRAINT order_items_product_fk FOREIGN KEY (product_id) REFERENCES products(id);
ALTER TABLE ONLY orders
    ADD CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers(id);

GRANT USAGE ON SCHEMA quickstart TO shop_app;
GRANT SELECT, INSERT, UPDATE ON TABLE customers TO shop_app;
GRANT SELECT, INSERT, UPDATE ON TABLE order_items TO shop_app;
GRANT SELECT, INSERT, UPDATE ON TABLE orders TO shop_app;
GRANT SELECT, INSERT, UPDATE ON TABLE products TO shop_app;
