CREATE TABLE tags (name text PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE notes (id integer NOT NULL, account_id integer, PRIMARY KEY (id),
    CONSTRAINT notes_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id));
