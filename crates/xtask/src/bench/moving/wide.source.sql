CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL, full_name TEXT, country TEXT NOT NULL, is_active BOOLEAN NOT NULL DEFAULT 1,
    credit NUMERIC(12,2), score REAL, created_at TIMESTAMP NOT NULL, profile TEXT, avatar BLOB);
CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT NOT NULL, title TEXT, description TEXT, price NUMERIC(10,2) NOT NULL, weight REAL, tags TEXT,
    thumb BLOB, discontinued BOOLEAN NOT NULL DEFAULT 0, updated_at TIMESTAMP);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), status TEXT NOT NULL, total NUMERIC(12,2), currency TEXT,
    placed_at TIMESTAMP NOT NULL, shipped_at TIMESTAMP, is_gift BOOLEAN, note TEXT, meta TEXT);
CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders (id), product_id INTEGER NOT NULL REFERENCES products (id),
    qty INTEGER NOT NULL DEFAULT 1, unit_price NUMERIC(10,2), discount REAL, created_at TIMESTAMP, attrs TEXT, sig BLOB);
CREATE UNIQUE INDEX customers_email ON customers (email);
CREATE INDEX customers_country_created ON customers (country, created_at);
CREATE UNIQUE INDEX products_sku ON products (sku);
CREATE INDEX orders_customer ON orders (customer_id);
CREATE INDEX orders_placed ON orders (placed_at);
CREATE INDEX orders_status_placed ON orders (status, placed_at);
CREATE INDEX items_order ON order_items (order_id);
CREATE INDEX items_product ON order_items (product_id);
