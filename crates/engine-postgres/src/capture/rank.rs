//! The order of kinds in a captured file: what others are made of first, what fires last. Within
//! it, what an object needs is pulled before it.

pub(super) const SCHEMA: u8 = 0;
pub(super) const EXTENSION: u8 = 1;
pub(super) const FOREIGN_DATA_WRAPPER: u8 = 2;
pub(super) const SERVER: u8 = 3;
pub(super) const USER_MAPPING: u8 = 4;
pub(super) const COLLATION: u8 = 5;
pub(super) const SHELL_TYPE: u8 = 6;
pub(super) const TYPE: u8 = 7;
pub(super) const OPAQUE: u8 = 8;
pub(super) const CAST: u8 = 9;
pub(super) const SEQUENCE: u8 = 10;
pub(super) const TABLE: u8 = 11;
/// Before indexes, because building one runs functions, which may call others.
pub(super) const FUNCTION: u8 = 12;
pub(super) const LATER: u8 = 13;
pub(super) const KEY: u8 = 14;
pub(super) const INDEX: u8 = 15;
/// A foreign key needs the unique index of the other table.
pub(super) const FOREIGN_KEY: u8 = 16;
pub(super) const STATISTICS: u8 = 17;
/// A view that groups by a primary key needs the key.
pub(super) const VIEW: u8 = 18;
pub(super) const INDEX_OF_VIEW: u8 = 19;
pub(super) const RULE: u8 = 20;
pub(super) const TRIGGER: u8 = 21;
pub(super) const POLICY: u8 = 22;
pub(super) const PUBLICATION: u8 = 23;
pub(super) const GRANT: u8 = 24;
/// Earlier they would grant something on every object that follows.
pub(super) const DEFAULT_PRIVILEGES: u8 = 25;
/// Earlier they would fire for every statement that follows.
pub(super) const EVENT_TRIGGER: u8 = 26;
