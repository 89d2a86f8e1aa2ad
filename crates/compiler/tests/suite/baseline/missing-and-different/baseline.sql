-- As pg_dump writes it.
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.accounts (
    id bigint NOT NULL,
    email character varying(200) NOT NULL,
    created_at timestamp with time zone
);
ALTER TABLE public.accounts OWNER TO app_owner;

CREATE TABLE public.sessions (
    id bigint NOT NULL,
    account_id bigint NOT NULL
);

CREATE TABLE public.audit (
    id bigint NOT NULL
);

ALTER TABLE ONLY public.accounts ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX sessions_account_idx ON public.sessions USING btree (account_id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_account_fk FOREIGN KEY (account_id) REFERENCES public.accounts(id);
GRANT SELECT ON TABLE public.accounts TO app_reader;
GRANT USAGE ON SCHEMA public TO app_reader;
