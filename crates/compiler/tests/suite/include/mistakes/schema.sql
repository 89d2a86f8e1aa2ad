CREATE TABLE one.accounts (id bigint);
CREATE TABLE two.things (id bigint);
ALTER TABLE one.accounts DROP COLUMN id;
DROP TABLE one.accounts;
CREATE INDEX ON one.accounts (id);
GRANT boss TO clerk;
SELECT 1;
CREATE VIEW one.broken AS SELECT 'no end;
