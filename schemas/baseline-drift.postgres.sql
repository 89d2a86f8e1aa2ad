-- The known-good schema that plans/baseline-drift falls short of.
CREATE TABLE accounts (
    id    bigint NOT NULL,
    email text NOT NULL,
    CONSTRAINT accounts_pkey PRIMARY KEY (id)
);

CREATE TABLE sessions (
    id         bigint NOT NULL,
    account_id bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (id)
);

CREATE INDEX sessions_account_idx ON sessions (account_id);

ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_account_fk FOREIGN KEY (account_id) REFERENCES accounts (id);

GRANT SELECT ON TABLE accounts TO app_reader;
