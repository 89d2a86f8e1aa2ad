//! The `cutover` program: everything is in the library, so that tests can call it in process.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os(), cli::Io::process()).into()
}
