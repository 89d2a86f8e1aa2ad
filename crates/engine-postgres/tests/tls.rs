//! Remote servers are verified unless the plan says otherwise in so many words.
//!
//! `0.0.0.0` reaches this machine and is no loopback address, so it counts as a remote host.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use engine_postgres::connect::{Address, Connector, Pins};
use engine_postgres::server::{Binaries, Cluster};
use ir::TlsMode;

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The code of the refusal, or `None` for a session.
fn code(url: &str, mode: TlsMode) -> Option<&'static str> {
    let open = |address| Connector::new(address, mode, Pins::default())?.open("test");
    Address::from_url(url).and_then(open).err().map(|error| error.code.id)
}

#[test]
fn a_server_without_tls_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://me@0.0.0.0:{}/d", listener.local_addr().unwrap().port());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).unwrap();
        stream.write_all(b"N").unwrap();
        request
    });
    assert_eq!(code(&url, TlsMode::VerifyFull), Some("RUN809"));
    assert_eq!(server.join().unwrap(), [0, 0, 0, 8, 4, 210, 22, 47]);
    assert_eq!(code(&url, TlsMode::InsecureDisable), Some("RUN802"));
}

/// A self-signed certificate for one address; the key stays with it.
fn certificate(folder: &Path, name: &str, address: &str) -> bool {
    Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-addext", &format!("subjectAltName=IP:{address}")])
        .arg("-keyout")
        .arg(folder.join(format!("{name}.key")))
        .arg("-out")
        .arg(folder.join(format!("{name}.crt")))
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A server that shows the certificate; settings take it from a folder that its account can read.
fn server(binaries: &Binaries, folder: &Path, name: &str) -> (Cluster, u16) {
    let port = free_port();
    let setting = |key: &str, file: &str| format!("{key}={}/{name}.{file}", folder.display());
    let (port_setting, certificate) = (format!("port={port}"), setting("ssl_cert_file", "crt"));
    let key = setting("ssl_key_file", "key");
    let settings = ["listen_addresses=127.0.0.1", &port_setting, "ssl=on", &certificate, &key];
    (Cluster::with_settings(binaries, &settings).unwrap(), port)
}

#[test]
fn certificates_are_verified_as_far_as_the_plan_says() {
    let Some(probe) = common::cluster() else { return };
    let folder = probe.folder().to_path_buf();
    if !certificate(&folder, "right", "0.0.0.0") || !certificate(&folder, "wrong", "192.0.2.1") {
        eprintln!("skipped: no `openssl` to make a certificate with");
        return;
    }
    give_to_server(&folder);
    for (name, verify_full) in [("right", None), ("wrong", Some("RUN809"))] {
        let (_cluster, port) = server(probe.binaries(), &folder, name);
        let plain = format!("postgres://postgres@0.0.0.0:{port}/postgres");
        let trusting = format!("{plain}?sslrootcert={}/{name}.crt", folder.display());
        assert_eq!(code(&trusting, TlsMode::VerifyFull), verify_full, "{name}");
        assert_eq!(code(&trusting, TlsMode::InsecureNoHostname), None, "{name}");
        assert_eq!(code(&plain, TlsMode::InsecureNoVerify), None, "{name}");
        assert_eq!(code(&plain, TlsMode::VerifyFull), Some("RUN809"), "{name}");
        assert_eq!(code(&plain, TlsMode::InsecureNoHostname), Some("RUN809"), "{name}");
    }
}

/// PostgreSQL takes a key only of its own account (or root's), and the folder is that account's.
fn give_to_server(folder: &Path) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let owner = std::fs::metadata(folder).unwrap();
    for name in ["right.key", "wrong.key", "right.crt", "wrong.crt"] {
        chown(folder.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
    }
}
