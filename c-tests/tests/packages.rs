//! The Debian packages, on demand: `UVRING_PACKAGES=1 cargo test -p c-tests --test packages`. They are built, `lintian` finds no
//! error in them, and a small Debian in a chroot installs and removes them: beside libuv, and in its place under cmake, nvim and
//! node. Needs root, debootstrap, debhelper, dpkg-dev, lintian, and Debian's packages where apt gets them; the chroot is kept in the
//! target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use c_tests::{compile, library, sources};

type Result<T = ()> = std::result::Result<T, String>;

/// What has to be installed: a command, and the package that brings it.
const NEEDS: &[(&str, &str)] = &[
    ("debootstrap", "debootstrap"),
    ("dh", "debhelper"),
    ("dpkg-buildpackage", "dpkg-dev"),
    ("lintian", "lintian"),
    ("unshare", "util-linux"),
];

/// Why the test cannot run here, or was not asked for.
fn lacks() -> Option<String> {
    if std::env::var_os("UVRING_PACKAGES").is_none() {
        return Some("it downloads a small Debian; UVRING_PACKAGES=1 asks for it".into());
    }
    let there = |command: &str| {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].iter().any(|dir| Path::new(dir).join(command).exists())
    };
    if let Some((_, package)) = NEEDS.iter().find(|(command, _)| !there(command)) {
        return Some(format!("{package} is not installed"));
    }
    let namespaces = Command::new("unshare").args(["--mount", "--pid", "--net", "--fork", "true"]).output();
    if !namespaces.is_ok_and(|output| output.status.success()) {
        return Some("no namespaces can be made here (it needs root)".into());
    }
    None
}

/// A tool that has to end within `seconds`. Killed, it leaves nothing: its namespaces end with it.
fn within(seconds: u32, program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.arg("--signal=KILL").arg(seconds.to_string()).arg(program).stdin(Stdio::null());
    command
}

/// Debian's release and the mirror, as this machine's apt has them.
fn mirror() -> Result<(String, String)> {
    let format = "$(ORIGIN) $(CREATED_BY) $(CODENAME) $(SITE)";
    let targets = compile::output(Command::new("apt-get").args(["indextargets", "--format", format]))?;
    let suite = |line: &str| {
        let (codename, site) = line.strip_prefix("Debian Packages ")?.split_once(' ')?;
        (!codename.contains('-')).then(|| (codename.to_string(), site.to_string()))
    };
    targets.lines().find_map(suite).ok_or("apt has no list of Debian's packages: apt-get update".into())
}

fn build(debs: &Path) -> Result<Vec<PathBuf>> {
    let _ = fs::remove_dir_all(debs);
    let built = library::command()?.parent().ok_or("the command is in no folder")?;
    compile::run(within(600, "sh").arg(sources::project().join("packaging/build-deb.sh")).arg(debs).arg(built))?;
    let entries = fs::read_dir(debs).map_err(|e| format!("{}: {e}", debs.display()))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    Ok(files)
}

#[test]
fn the_packages_install_and_remove() -> Result {
    if let Some(reason) = lacks() {
        eprintln!("skipped: {reason}");
        return Ok(());
    }
    let work = sources::work_dir().join("packages");
    fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let (suite, mirror) = mirror()?;
    let packages = build(&work.join("debs"))?;
    let named =
        |name: &str| packages.iter().any(|p| p.file_name().is_some_and(|f| f.to_string_lossy().starts_with(name)));
    assert!(["uvring_", "uvring-libuv1_", "uvring-dev_"].into_iter().all(named), "{packages:?}");
    compile::run(within(600, "lintian").args(["--allow-root", "--fail-on", "error"]).args(&packages))?;
    let mut machine = within(1500, "unshare");
    machine.args(["--mount", "--pid", "--fork", "--kill-child", "sh"]);
    machine.arg(sources::project().join("c-tests/packages/machine.sh")).arg(&work).args([suite, mirror]);
    let said = compile::output(&mut machine)?;
    assert!(said.ends_with("== done\n"), "{said}");
    Ok(())
}
