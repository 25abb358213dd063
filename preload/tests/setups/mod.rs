//! The two kinds of Node.js, and how ours gets under them.
//!
//! The one with libuv inside is the `node` in the path, or what `UVRING_NODE_STATIC` names. The one that links `libuv.so.1` is
//! `UVRING_NODE_SHARED`, or what `preload/debian-node.sh target/debian-node` has unpacked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use c_tests::{library, sources};

pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// What the libraries are put under.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// Has libuv inside.
    Static,
    /// Links `libuv.so.1`.
    Shared,
}

/// What carries it: its own libuv (or real libuv 1.53.0), or ours.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum On {
    Libuv,
    Ring,
    Epoll,
}

/// The set-ups under test, and their names.
pub(crate) const SETUPS: [(Node, On, &str); 4] = [
    (Node::Static, On::Ring, "static-ring"),
    (Node::Static, On::Epoll, "static-epoll"),
    (Node::Shared, On::Ring, "shared-ring"),
    (Node::Shared, On::Epoll, "shared-epoll"),
];

/// Lets a command that runs a Node.js find the library, and nothing else in the environment speak about it.
pub(crate) fn put_under(command: &mut Command, node: Node, on: On) -> Result {
    for name in
        ["LD_LIBRARY_PATH", "LD_PRELOAD", "UV_USE_IO_URING", "UV_THREADPOOL_SIZE", "NODE_OPTIONS", "UVRING_STATS"]
    {
        command.env_remove(name);
    }
    match (node, on) {
        (Node::Static, On::Libuv) => {}
        (Node::Static, _) => {
            let preload = library::command()?.with_file_name("libuvring_preload.so");
            command.env("LD_PRELOAD", preload).env("UVRING_LIB_DIR", &library::ours()?.dir);
        }
        (Node::Shared, On::Libuv) => drop(command.env("LD_LIBRARY_PATH", &library::real()?.dir)),
        (Node::Shared, _) => drop(command.env("LD_LIBRARY_PATH", &library::ours()?.dir)),
    }
    if on == On::Epoll {
        command.env("UV_USE_IO_URING", "0");
    }
    Ok(())
}

/// The Node.js of this kind; or why there is none. Asked once.
pub(crate) fn find(node: Node) -> std::result::Result<&'static Path, &'static String> {
    static FOUND: [OnceLock<Result<PathBuf>>; 2] = [const { OnceLock::new() }; 2];
    FOUND[node as usize].get_or_init(|| look(node)).as_deref()
}

fn look(node: Node) -> Result<PathBuf> {
    let (variable, default) = match node {
        Node::Static => ("UVRING_NODE_STATIC", PathBuf::from("node")),
        Node::Shared => ("UVRING_NODE_SHARED", sources::work_dir().with_file_name("debian-node").join("node")),
    };
    let file = std::env::var_os(variable).map_or(default, PathBuf::from);
    let mut command = Command::new(&file);
    command.args(["-p", "process.config.variables.node_shared_libuv === true"]);
    if node == Node::Shared {
        command.env("LD_LIBRARY_PATH", &library::real()?.dir);
    }
    let output = command.output().map_err(|e| format!("there is no {} ({variable}): {e}", file.display()))?;
    match (node, String::from_utf8_lossy(&output.stdout).trim()) {
        (Node::Static, "false") | (Node::Shared, "true") => Ok(file),
        (_, "true") => Err(format!("{} links libuv.so.1", file.display())),
        (_, "false") => Err(format!("{} has libuv inside", file.display())),
        _ => Err(format!("{} does not run: {}", file.display(), String::from_utf8_lossy(&output.stderr))),
    }
}
