CREATE TABLE public.accounts (id bigint NOT NULL);
GRANT SELECT ON public.accounts TO reader;
