CREATE TABLE accounts (id bigint PRIMARY KEY, email text);
CREATE TABLE log (at timestamptz, what text);
CREATE INDEX accounts_email_idx ON accounts (email);
CREATE INDEX log_at_idx ON log (at);
