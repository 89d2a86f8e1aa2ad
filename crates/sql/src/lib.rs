//! SQL text as statements: split, classified, named, and taken apart on tokens. Pure, no engine.
//!
//! Nothing here needs to understand all of SQL. Tokens read every real statement, `sqlparser`'s grammar
//! does not, so whatever this crate says comes from tokens, and a statement that it has no class for is
//! `Class::Other`, never an error. The user's bytes are what is kept and executed. `sqlparser` reads
//! expressions, where two of them are compared without an engine.

mod class;
mod classify;
pub mod create_table;
mod cursor;
mod identifiers;
mod name;
mod normal;
mod qualify;
mod quote;
mod roles;
mod scan;
mod split;
mod statement;
mod token;
pub mod types;

pub use class::{
    AlterAction, Class, ConstraintKind, FunctionKind, Object, Persistence, Privilege, TypeKind,
};
pub use classify::roles_after;
pub use cursor::Cursor;
pub use identifiers::identifiers;
pub use name::{Dialect, Name};
pub use normal::{normal_expression, normal_text};
pub use qualify::{qualifiers, without_schema};
pub use quote::{quote_ident, quote_literal, unquote, unquote_literal};
pub use roles::roles;
pub use split::split;
pub use statement::Statement;
pub use token::{Token, TokenKind, tokenize};
