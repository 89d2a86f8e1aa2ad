CREATE TYPE public.event_kind AS ENUM ('login', 'logout');
CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$;
CREATE FUNCTION public.usual_kind() RETURNS public.event_kind LANGUAGE sql IMMUTABLE AS $$ select 'login'::event_kind $$;
CREATE SEQUENCE public.accounts_id_seq;
CREATE TABLE public.accounts (id bigint DEFAULT nextval('public.accounts_id_seq'::regclass) NOT NULL, email text);
ALTER SEQUENCE public.accounts_id_seq OWNED BY public.accounts.id;
CREATE TABLE public.events (
    at date NOT NULL,
    account_id bigint NOT NULL,
    kind public.event_kind DEFAULT public.usual_kind() NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE public.events_2024 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
ALTER TABLE public.accounts ADD CONSTRAINT accounts_pk PRIMARY KEY (id);
ALTER TABLE public.accounts ADD CONSTRAINT accounts_email_key UNIQUE (email);
CREATE INDEX events_kind_idx ON public.events (kind) WHERE kind <> 'x';
COMMENT ON INDEX public.events_kind_idx IS 'what happened';
ALTER TABLE ONLY public.events ADD CONSTRAINT events_account_fk FOREIGN KEY (account_id) REFERENCES public.accounts(id);
CREATE MATERIALIZED VIEW public.busy AS SELECT account_id, count(*) AS n FROM public.events GROUP BY account_id;
CREATE UNIQUE INDEX busy_account_idx ON public.busy (account_id);
CREATE TRIGGER events_stamp BEFORE INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.stamp();
ALTER TABLE public.accounts CLUSTER ON accounts_pk, ENABLE ROW LEVEL SECURITY;
REVOKE ALL ON TABLE public.accounts FROM reader;
GRANT SELECT ON TABLE public.accounts TO reader;
