//! What changes a database of another machine is confirmed, also when it ends a run that died.

use testkit::{Database, Program, example};

use crate::cutover;

/// Exit code 2, with the question that nobody answered.
fn refused(program: &Program, plan: &std::path::Path, arguments: &[&str], what: &str) {
    let told = program.run(plan, arguments).expect(2).stderr;
    let words = told.split_whitespace().filter(|it| *it != "│").collect::<Vec<_>>().join(" ");
    assert!(words.contains("RUN819") && words.contains(what), "{told}");
}

#[test]
fn a_remote_target_is_changed_once_that_is_confirmed() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = ["listen_addresses=127.0.0.1".to_owned(), format!("port={free}")];
    let Some(database) = Database::on_own_server(&settings.each_ref().map(String::as_str)) else {
        return;
    };
    database.roles(&["code_reader"]);
    let (_keep, plan) = example("fleet");
    let file = plan.join("plan.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let server = "url: { env: CUTOVER_TEST_URL }\n    tls: insecure-disable";
    std::fs::write(&file, text.replace("server: local", server)).unwrap();
    // A resolver takes `127.1` for this machine; the name does not say so.
    let remote = format!("postgres://postgres@127.1:{free}/{}", database.name);
    let program = cutover().env("CUTOVER_TEST_URL", &remote);
    let staged =
        || database.psql("select count(*) from pg_namespace where nspname like 'cutover_stage%'");

    refused(&program, &plan, &["run", "plan.yaml"], "the run changes PostgreSQL");
    assert_eq!(staged(), "0\n");
    let run = ["run", "plan.yaml", "--yes"];
    assert!(program.kill_when(&plan, &run, &|| staged() != "0\n"));
    refused(&program, &plan, &["resume", "plan.yaml"], "goes on with run");
    refused(&program, &plan, &["abort", "plan.yaml"], "removes what run");
    assert_eq!(staged(), "1\n", "nothing was touched");
    program.run(&plan, &["abort", "plan.yaml", "--yes"]).expect(0);
    assert_eq!(staged(), "0\n");
}
