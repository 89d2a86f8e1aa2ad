//! A plan with ten different mistakes reports ten diagnostics, each at its own place, in one run.

use crate::cutover;

const PLAN: &str = "\
cutover: 1
name: mistakes
sources: { app: data/app.db }
target: { sqlite: out/app.sqlite }
baseline: baseline.sql
colour: blue
components:
  tables:
    users:
      colums: { id: integer }
      columns:
        id: integer not null
        email: text not null
      primary_key: idd
    events:
      columns:
        id: integer not null
        user_id: integer not null
      primary_key: id
  indexes:
    users_email_idx: { table: user, columns: [email] }
    events_user_idx: { table: events, columns: [user], unique: perhaps }
  constraints:
    events_user_fk: { table: events, foreign_key: [user_id], references: usrs(id) }
  grants:
    - { grant: select, on: users, to: reader }
stages:
  tidy: { needs: [loading], sql: update users set email = lower(email) }
load:
  users: { from: ap.users }
waivers:
  - { allow: everything, reason: none, owner: me, expires: 2027-01-01 }
";

#[test]
fn ten_mistakes_are_ten_diagnostics() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plan.yaml"), PLAN).unwrap();
    let baseline =
        "CREATE TABLE users (id integer NOT NULL, email text NOT NULL, PRIMARY KEY (id));";
    std::fs::write(folder.path().join("baseline.sql"), baseline).unwrap();
    let found = cutover().run(folder.path(), &["check", "plan.yaml", "--format", "json"]);
    assert!(matches!(found.code, Some(1 | 3)), "{}", found.stderr);
    let json: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
    let diagnostics = json["diagnostics"].as_array().unwrap();
    // (line, code, text of the message)
    let expected = [
        (6, "PLN104", "colour"),
        (10, "PLN104", "colums"),
        (14, "REF208", "idd"),
        (21, "REF201", "user"),
        (22, "REF208", "user"),
        (22, "PLN106", "unique"),
        (24, "REF201", "usrs"),
        (26, "REF213", "grant"),
        (28, "REF203", "loading"),
        (30, "REF204", "ap"),
        (32, "WVR703", "everything"),
    ];
    for (line, code, text) in expected {
        let hit = diagnostics.iter().any(|d| {
            d["code"] == code
                && d["labels"][0]["line"] == line
                && d["message"].as_str().is_some_and(|message| message.contains(text))
        });
        assert!(hit, "{code} at line {line} about `{text}` in {diagnostics:#?}");
    }
}
