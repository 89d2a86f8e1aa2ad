PRAGMA foreign_keys = OFF;
BEGIN TRANSACTION;
CREATE TABLE "Accounts" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT UNIQUE COLLATE NOCASE -- the login
);
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    account INTEGER REFERENCES accounts (id)
);
CREATE INDEX notes_account ON notes (account);
CREATE TRIGGER notes_stamp AFTER INSERT ON notes BEGIN
    UPDATE notes SET account = account WHERE id = new.id;
END;
CREATE VIEW mine AS SELECT * FROM notes JOIN accounts ON accounts.id = notes.account;
COMMIT;
