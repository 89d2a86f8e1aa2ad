CREATE TABLE accounts (id bigint PRIMARY KEY, boss bigint, CONSTRAINT accounts_boss_fk FOREIGN KEY (boss) REFERENCES accounts(id));
CREATE TABLE notes (id bigint PRIMARY KEY, account_id bigint);
ALTER TABLE notes ADD CONSTRAINT notes_account_fk FOREIGN KEY (account_id) REFERENCES accounts(id);
