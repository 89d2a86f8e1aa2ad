-- Nothing here yet.
SET client_encoding = 'UTF8';
