CREATE TABLE accounts (id bigint PRIMARY KEY, email text);
CREATE INDEX accounts_email_idx ON accounts (email);
CREATE VIEW email AS SELECT email FROM accounts;
