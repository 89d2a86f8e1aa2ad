-- Makes 36 small databases, one per code repository. `cargo xtask sources` runs this script once
-- for each file, with the file's number in the temporary table `file`. By hand, for file 7:
--   { echo "create temp table file as select 7 as number;"; cat source.sql; } | sqlite3 data/repo-07.db
-- file: data/repo-{00..35}.db
CREATE TABLE files (
    id       INTEGER PRIMARY KEY,
    path     TEXT NOT NULL,
    language TEXT,
    bytes    INTEGER NOT NULL
);
CREATE TABLE symbols (
    id      INTEGER PRIMARY KEY,
    file_id INTEGER NOT NULL REFERENCES files (id),
    name    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    line    INTEGER NOT NULL
);

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
INSERT INTO files
SELECT i, 'src/module_' || i || CASE i % 3 WHEN 0 THEN '.rs' WHEN 1 THEN '.py' ELSE '.sql' END,
       CASE i % 3 WHEN 0 THEN 'rust' WHEN 1 THEN 'python' END,
       1000 + i * 37 + (SELECT number FROM file)
FROM n;

WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
INSERT INTO symbols
SELECT i, 1 + i % 20, 'symbol_' || ((i * 7 + (SELECT number FROM file)) % 50),
       CASE i % 2 WHEN 0 THEN 'function' ELSE 'type' END, i * 3
FROM n;
