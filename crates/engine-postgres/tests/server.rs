//! Servers of our own start, serve and go away again.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use engine_postgres::server::{Cluster, Local};

#[test]
fn a_throwaway_cluster_serves_databases_and_leaves_nothing() {
    let Some(cluster) = common::cluster() else { return };
    let (_, mut client) = common::database(&cluster, "sho\"p");
    assert_eq!(common::one(&mut client, "select current_database()::text"), "sho\"p");
    assert_eq!(common::one(&mut client, "select current_setting('fsync')"), "off");
    drop(client);
    cluster.drop_database("sho\"p").unwrap();
    let folder = cluster.folder().to_path_buf();
    assert!(folder.join(".s.PGSQL.5432").exists());
    drop(cluster);
    assert!(!folder.exists());
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let Some(cluster) = common::cluster() else { return };
    let error = Cluster::with_settings(cluster.binaries(), &["nonsense=1"]).unwrap_err();
    assert!(error.contains("nonsense"), "{error}");
}

#[test]
fn a_cluster_outlives_the_thread_that_made_it() {
    let Some(cluster) = common::cluster() else { return };
    let binaries = cluster.binaries().clone();
    let made = std::thread::spawn(move || Cluster::with(&binaries).unwrap()).join().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    let (_, mut client) = common::database(&made, "later");
    assert_eq!(common::one(&mut client, "select 'here'"), "here");
}

#[test]
fn the_local_server_keeps_its_data_and_is_durable() {
    if common::cluster().is_none() {
        return;
    }
    let state = tempfile::tempdir().unwrap();
    let local = Local::new(state.path()).unwrap();
    assert!(!local.status().exists && !local.stop().unwrap());
    let url = local.start().unwrap();
    let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
    client.batch_execute("create table kept as select 'yes' as it").unwrap();
    assert_eq!(common::one(&mut client, "select current_setting('fsync')"), "on");
    drop(client);
    assert!(local.status().running && local.stop().unwrap() && !local.status().running);
    let mut client = postgres::Client::connect(&local.start().unwrap(), postgres::NoTls).unwrap();
    assert_eq!(common::one(&mut client, "select it from kept"), "yes");
    drop(client);
    assert!(local.stop().unwrap());
    drop(std::fs::remove_dir_all(local.status().folder));
}
