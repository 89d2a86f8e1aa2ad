//! Could the server go back to a point in time? Read from the server and reported: a promote that
//! turns out wrong after days is undone by that and nothing else.

use diagnostics::code::{PREFLIGHT, RECOVERY_NOT_READY};
use runtime::EngineError;

use super::Checks;

/// Older than this and nobody notices that archiving has stopped (requirement R45).
const LATE: i64 = 3_600;

const ARCHIVER: &str = "select current_setting('archive_mode'), last_archived_wal, \
    extract(epoch from clock_timestamp() - last_archived_time)::int8, failed_count, \
    last_failed_wal, coalesce(last_failed_time > last_archived_time, last_failed_time is not null) \
    from pg_stat_archiver";

/// What `pg_stat_archiver` says.
struct Archiver {
    mode: String,
    last: Option<String>,
    /// Seconds.
    age: Option<i64>,
    failures: i64,
    failed: Option<String>,
    failing: bool,
}

impl Checks<'_> {
    pub(super) fn recovery(&mut self, throwaway: bool) -> Result<(), EngineError> {
        if self.own_server || throwaway {
            self.passed("point-in-time recovery: a private server has none");
            return Ok(());
        }
        let rows = self.session.rows(&PREFLIGHT, ARCHIVER, &[])?;
        let Some(row) = rows.first() else { return Ok(()) };
        let archiver = Archiver {
            mode: row.get(0),
            last: row.get(1),
            age: row.get(2),
            failures: row.get(3),
            failed: row.get(4),
            failing: row.get(5),
        };
        match judge(&archiver) {
            Ok(ready) => self.passed(ready),
            Err((message, help)) => {
                self.finding(EngineError::new(&RECOVERY_NOT_READY, message).help(help));
            }
        }
        Ok(())
    }
}

fn judge(archiver: &Archiver) -> Result<String, (String, &'static str)> {
    const LOOK: &str = "look at the server's log and at `archive_command`; the run itself does not \
        need it, but without it only whole backups bring rows back";
    let Archiver { mode, last, age, failures, failed, failing } = archiver;
    if mode == "off" {
        let message = "point-in-time recovery is not set up: `archive_mode` is off".to_owned();
        return Err((message, "the rows written since the last backup cannot be brought back"));
    }
    if *failing {
        let wal = failed.as_deref().unwrap_or("a WAL file");
        let message = format!(
            "point-in-time recovery is behind: archiving {wal} failed last, {failures} failures in all"
        );
        return Err((message, LOOK));
    }
    let (Some(last), Some(age)) = (last, age) else {
        let message = "point-in-time recovery is not proved: no WAL file was archived yet";
        return Err((message.to_owned(), LOOK));
    };
    let minutes = age / 60;
    if *age > LATE {
        let message = format!(
            "point-in-time recovery may be behind: the last WAL file was archived {minutes} minutes ago"
        );
        return Err((
            message,
            "a server that writes little archives when `archive_timeout` is set",
        ));
    }
    Ok(format!(
        "point-in-time recovery: archive_mode {mode}, {last} archived {minutes} minutes ago, \
         {failures} failures"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(change: impl Fn(&mut Archiver)) -> String {
        let mut archiver = Archiver {
            mode: "on".to_owned(),
            last: Some("0000000100000000000000AB".to_owned()),
            age: Some(130),
            failures: 2,
            failed: Some("0000000100000000000000AC".to_owned()),
            failing: false,
        };
        change(&mut archiver);
        judge(&archiver).unwrap_or_else(|(message, _)| format!("not ready: {message}"))
    }

    #[test]
    fn readiness_is_archiving_that_works_now() {
        type Change = fn(&mut Archiver);
        let cases: [(Change, &str); 5] = [
            (
                |_| (),
                "point-in-time recovery: archive_mode on, 0000000100000000000000AB archived 2 minutes ago, 2 failures",
            ),
            (
                |it| it.mode = "off".to_owned(),
                "not ready: point-in-time recovery is not set up: `archive_mode` is off",
            ),
            (
                |it| it.failing = true,
                "not ready: point-in-time recovery is behind: archiving 0000000100000000000000AC failed last, 2 failures in all",
            ),
            (
                |it| it.last = None,
                "not ready: point-in-time recovery is not proved: no WAL file was archived yet",
            ),
            (
                |it| it.age = Some(7_300),
                "not ready: point-in-time recovery may be behind: the last WAL file was archived 121 minutes ago",
            ),
        ];
        for (change, text) in cases {
            assert_eq!(judged(change), text);
        }
    }
}
