-- file: data/app.db
CREATE TABLE accounts (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
CREATE TABLE sessions (id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL, expires_at TEXT);
INSERT INTO accounts VALUES (1, 'a@example.org');
INSERT INTO sessions VALUES (1, 1, '2026-01-01 00:00:00');
