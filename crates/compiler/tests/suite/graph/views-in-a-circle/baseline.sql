CREATE TABLE accounts (id bigint PRIMARY KEY);
CREATE VIEW all_accounts AS SELECT id FROM accounts;
