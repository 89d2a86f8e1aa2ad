-- Makes the quickstart's source database. Run by `cargo xtask sources`, or by hand:
--   mkdir -p data && sqlite3 data/shop.db < source.sql
-- file: data/shop.db
CREATE TABLE customers (
    id         INTEGER PRIMARY KEY,
    email      TEXT NOT NULL UNIQUE,
    full_name  TEXT NOT NULL,
    active     BOOLEAN NOT NULL DEFAULT 1,
    created_at DATETIME NOT NULL
);
CREATE TABLE products (
    id    INTEGER PRIMARY KEY,
    sku   TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    price NUMERIC NOT NULL CHECK (price >= 0)
);
CREATE TABLE orders (
    id          INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    status      TEXT NOT NULL DEFAULT 'new',
    placed_at   DATETIME NOT NULL,
    note        TEXT
);
CREATE TABLE order_items (
    order_id   INTEGER NOT NULL REFERENCES orders (id),
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity   INTEGER NOT NULL DEFAULT 1,
    unit_price NUMERIC NOT NULL,
    PRIMARY KEY (order_id, product_id)
);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
INSERT INTO customers
SELECT i, 'customer' || i || '@example.org',
       CASE i % 4 WHEN 0 THEN 'Zoë Müller ' WHEN 1 THEN 'Ana Lima ' WHEN 2 THEN '田中 ' ELSE 'Sam O''Neil ' END || i,
       i % 7 <> 0, datetime('2024-01-01', '+' || (i * 37) || ' hours')
FROM n;

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
INSERT INTO products SELECT i, printf('SKU-%04d', i), 'Product ' || i, round(i * 2.35 + 0.05, 2) FROM n;

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
INSERT INTO orders
SELECT i, 1 + (i * 31) % 200,
       CASE i % 5 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' WHEN 2 THEN 'shipped' ELSE 'delivered' END,
       datetime('2024-06-01', '+' || (i * 11) || ' hours'),
       CASE WHEN i % 9 = 0 THEN 'gift ' || i END
FROM n;

INSERT INTO order_items
SELECT o.id, p.id, 1 + (o.id + p.id) % 3, p.price
FROM orders AS o JOIN products AS p ON (o.id * 7 + p.id * 13) % 17 = 0;
