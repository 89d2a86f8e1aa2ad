//! The incidents that shaped the tool, one folder each in `../incidents`: what happened, and a test
//! that shows why it cannot happen here.

#[path = "../incidents/backups-nobody-restored/test.rs"]
mod backups_nobody_restored;
#[path = "../incidents/sources-opened-for-writing/test.rs"]
mod sources_opened_for_writing;
#[path = "../incidents/wal-file-copied-over-one-name/test.rs"]
mod wal_file_copied_over_one_name;
