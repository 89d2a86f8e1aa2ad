CREATE TABLE account (file text NOT NULL, id bigint NOT NULL, name text NOT NULL, plan text, active boolean NOT NULL, created timestamp);
CREATE TABLE device (file text NOT NULL, id bigint NOT NULL, account_id bigint NOT NULL, serial text, fw text, last_seen timestamp);
CREATE TABLE reading (file text NOT NULL, id bigint NOT NULL, device_id bigint NOT NULL, at timestamp NOT NULL, temp double precision, volt double precision, raw bytea);
CREATE TABLE event (file text NOT NULL, id bigint NOT NULL, device_id bigint, kind text, body text, at timestamp);
CREATE TABLE setting (file text NOT NULL, k text NOT NULL, v text, n numeric);
