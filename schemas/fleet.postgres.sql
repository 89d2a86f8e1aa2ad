-- The known-good schema of plans/fleet.
CREATE TABLE code.files (
    repo     text NOT NULL,
    id       bigint NOT NULL,
    path     text NOT NULL,
    language text,
    bytes    bigint NOT NULL,
    PRIMARY KEY (repo, id),
    CONSTRAINT files_path_key UNIQUE (repo, path)
);

CREATE TABLE code.symbols (
    repo    text NOT NULL,
    id      bigint NOT NULL,
    file_id bigint NOT NULL,
    name    text NOT NULL,
    kind    text NOT NULL,
    line    integer NOT NULL,
    PRIMARY KEY (repo, id),
    CONSTRAINT symbols_file_fk FOREIGN KEY (repo, file_id) REFERENCES code.files (repo, id)
);

CREATE INDEX symbols_file_idx ON code.symbols (repo, file_id);
CREATE INDEX symbols_name_idx ON code.symbols (name);

GRANT USAGE ON SCHEMA code TO code_reader;
GRANT SELECT ON TABLE code.files TO code_reader;
GRANT SELECT ON TABLE code.symbols TO code_reader;
