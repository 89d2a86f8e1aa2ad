CREATE TABLE notes (
    id bigint NOT NULL,
    body text
);

CREATE TABLE customers (id bigint);

INSERT INTO notes VALUES (1, 'hello');
