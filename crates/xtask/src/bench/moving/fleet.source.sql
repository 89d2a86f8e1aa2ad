CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, plan TEXT, active BOOLEAN NOT NULL, created TIMESTAMP);
CREATE TABLE device (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES account (id), serial TEXT UNIQUE, fw TEXT, last_seen TIMESTAMP);
CREATE TABLE reading (id INTEGER PRIMARY KEY, device_id INTEGER NOT NULL REFERENCES device (id), at TIMESTAMP NOT NULL, temp REAL, volt REAL, raw BLOB);
CREATE TABLE event (id INTEGER PRIMARY KEY, device_id INTEGER REFERENCES device (id), kind TEXT, body TEXT, at TIMESTAMP);
CREATE TABLE setting (k TEXT PRIMARY KEY, v TEXT, n NUMERIC);
CREATE INDEX reading_dev_at ON reading (device_id, at);
CREATE INDEX event_kind ON event (kind);
