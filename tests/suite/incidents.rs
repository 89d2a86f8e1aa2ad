//! The incidents that shaped the tool, one folder each in `../incidents`: what happened, and a test
//! that shows why it cannot happen here.

#[path = "../incidents/backups-nobody-restored/test.rs"]
mod backups_nobody_restored;
#[path = "../incidents/indexes-left-for-later/test.rs"]
mod indexes_left_for_later;
#[path = "../incidents/sources-opened-for-writing/test.rs"]
mod sources_opened_for_writing;
#[path = "../incidents/upgrade-without-a-way-back/test.rs"]
mod upgrade_without_a_way_back;
#[path = "../incidents/wal-file-copied-over-one-name/test.rs"]
mod wal_file_copied_over_one_name;
