//! What a person sees: every command's output, word for word. What changes from run to run is
//! replaced. `INSTA_UPDATE=always cargo test -p cli` rewrites the expected files.

#![allow(clippy::unwrap_used)] // a helper that fails is a test that fails

mod authoring;
mod help;
mod layout;
mod project;
mod reference;
mod running;
