CREATE TABLE files (org text NOT NULL, host text, id bigint PRIMARY KEY, path text);
CREATE TABLE symbols (id uuid PRIMARY KEY, file_id bigint REFERENCES files (id), owner_id bigint, name text);
CREATE TABLE owners (id bigint PRIMARY KEY, name text);
