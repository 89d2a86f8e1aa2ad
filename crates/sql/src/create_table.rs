//! CREATE TABLE taken apart on tokens.
