-- Nothing stands in the order in which it can be built.
CREATE TRIGGER events_stamp BEFORE INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.stamp();
CREATE MATERIALIZED VIEW public.busy AS SELECT account_id, count(*) AS n FROM public.events GROUP BY account_id;
CREATE UNIQUE INDEX busy_account_idx ON public.busy (account_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_kind_idx ON public.events (kind) WHERE kind <> 'x';
ALTER TABLE ONLY public.events ADD CONSTRAINT events_account_fk FOREIGN KEY (account_id) REFERENCES public.accounts(id);
CREATE TABLE public.events_2024 PARTITION OF public.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE public.events (
    at date NOT NULL,
    account_id bigint NOT NULL,
    kind public.event_kind DEFAULT public.usual_kind() NOT NULL
) PARTITION BY RANGE (at);
CREATE FUNCTION public.usual_kind() RETURNS public.event_kind LANGUAGE sql IMMUTABLE AS $$ select 'login'::event_kind $$;
CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$;
CREATE TYPE public.event_kind AS ENUM ('login', 'logout');
ALTER TABLE ONLY public.accounts ALTER COLUMN id SET DEFAULT nextval('public.accounts_id_seq'::regclass);
ALTER SEQUENCE public.accounts_id_seq OWNED BY public.accounts.id;
CREATE TABLE public.accounts (id bigint CONSTRAINT accounts_pk PRIMARY KEY, email text UNIQUE);
CREATE SEQUENCE public.accounts_id_seq;
REVOKE ALL ON TABLE public.accounts FROM reader;
GRANT SELECT ON TABLE public.accounts TO reader;
COMMENT ON INDEX public.events_kind_idx IS 'what happened';
ALTER TABLE public.events OWNER TO boss;
ALTER TABLE public.accounts CLUSTER ON accounts_pk, ENABLE ROW LEVEL SECURITY;
