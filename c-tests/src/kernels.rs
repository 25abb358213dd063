//! Other kernels: Debian's, had from the machine's own mirror, and booted under qemu without KVM.
//!
//! | kernel | Debian's suite |
//! |---|---|
//! | 5.10 | bullseye |
//! | 6.1 | bookworm |
//! | 6.12 | trixie |
//! | sid | whatever is newest |
//!
//! A guest has two processors, a disk with ext4 that holds all it needs, and two serial ports: for what the kernel says, and for results.
//! The kernels of Debian for clouds have ext4, NVMe and the serial port built in: it takes no initramfs. `/modules` on the disk are what
//! else the tests need.

use crate::process::{self, Ended};
use crate::{compile, library, sources};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Debian's suite that has the kernel.
fn suite(version: &str) -> Option<&'static str> {
    match version {
        "5.10" => Some("bullseye"),
        "6.1" => Some("bookworm"),
        "6.12" => Some("trixie"),
        "sid" => Some("sid"),
        _ => None,
    }
}

/// What is lacking to boot a kernel here, if something is.
pub fn lacks() -> Option<String> {
    let programs = ["qemu-system-x86_64", "busybox", "mke2fs", "dpkg-deb", "apt-get"];
    let lacking = programs.into_iter().find(|program| find(program).is_none());
    match lacking {
        Some(program) => Some(format!("{program} is not installed")),
        None if !cfg!(target_arch = "x86_64") => Some("kernels for x86-64 only".into()),
        None => None,
    }
}

/// A program's file, also where only the superuser looks.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/sbin"]).map(Path::new);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// The file of a kernel: a path is taken as it is, a version is fetched once. The inner error says why it cannot be had here.
pub fn image(version: &str) -> Result<Result<PathBuf, String>, String> {
    if version.contains('/') {
        return Ok(Ok(version.into()));
    }
    let suite = suite(version).ok_or_else(|| format!("no kernel {version} is known here"))?;
    let dir = sources::work_dir().join("kernels").join(version);
    library::locked(&format!("kernel-{version}"), || {
        if let Some(image) = unpacked(&dir) {
            return Ok(Ok(image));
        }
        match fetch(suite, &dir) {
            Ok(()) => unpacked(&dir).map(Ok).ok_or_else(|| format!("{}: no kernel in the package", dir.display())),
            Err(why) => Ok(Err(format!("kernel {version} cannot be had here: {why}"))),
        }
    })
}

fn unpacked(dir: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(dir.join("unpacked/boot")).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|file| file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"vmlinuz-")))
}

/// The kernel's modules that tests need, from where its package has them.
fn modules(kernel: &Path) -> Result<Vec<PathBuf>, String> {
    let name = kernel.file_name().unwrap_or_default().to_string_lossy();
    let release = name.strip_prefix("vmlinuz-").unwrap_or_default();
    let top = kernel.parent().and_then(Path::parent).filter(|_| !release.is_empty());
    let folders =
        ["lib/modules", "usr/lib/modules"].into_iter().filter_map(|folder| Some(top?.join(folder).join(release)));
    let Some(folder) = folders.into_iter().find(|folder| folder.exists()) else { return Ok(vec![]) };
    let found = compile::output(Command::new("find").arg(folder).args(["-name", "fuse.ko*"]))?;
    Ok(found.lines().map(PathBuf::from).collect())
}

/// Fetches the package that the suite's kernel for clouds depends on, with apt's lists kept apart from the machine's.
fn fetch(suite: &str, dir: &Path) -> Result<(), String> {
    let text = |e: std::io::Error| format!("{}: {e}", dir.display());
    for folder in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(dir.join(folder)).map_err(text)?;
    }
    let list = dir.join("debian.sources");
    fs::write(&list, source(suite)?).map_err(text)?;
    fs::write(dir.join("status"), "").map_err(text)?;
    let apt = |program: &str| {
        let mut apt = Command::new(program);
        apt.current_dir(dir).arg("-qq");
        for (name, value) in [
            ("Dir::Etc::SourceList", list.clone()),
            ("Dir::Etc::SourceParts", "-".into()),
            ("Dir::State::Lists", dir.join("lists")),
            ("Dir::State::Status", dir.join("status")),
            ("Dir::Cache", dir.join("cache")),
            ("APT::Sandbox::User", "root".into()),
            ("Acquire::Languages", "none".into()),
            ("Acquire::Check-Valid-Until", "false".into()),
        ] {
            apt.arg("-o").arg(format!("{name}={}", value.display()));
        }
        apt
    };
    compile::run(apt("apt-get").args(["-o", "APT::Update::Error-Mode=any", "update"]))?;
    let depends = compile::output(apt("apt-cache").args(["depends", "linux-image-cloud-amd64"]))?;
    let words = depends.split_whitespace();
    let package = words.filter(|word| word.starts_with("linux-image-")).nth(1).ok_or("the suite has no such kernel")?;
    compile::run(apt("apt-get").args(["download", package]))?;
    let mut files = fs::read_dir(dir).map_err(text)?.filter_map(|entry| Some(entry.ok()?.path()));
    let deb = files.find(|file| file.extension().is_some_and(|ext| ext == "deb")).ok_or("no package came")?;
    compile::run(Command::new("dpkg-deb").arg("-x").arg(deb).arg(dir.join("unpacked")))
}

/// A source of Debian's packages for the suite: the machine's own mirror, and the keys that it trusts.
fn source(suite: &str) -> Result<String, String> {
    let format = ["indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(COMPONENT)", "Created-By: Packages"];
    let targets = compile::output(Command::new("apt-get").args(format))?;
    let mut mirrors = targets.lines().filter_map(|line| line.strip_suffix(" Debian main"));
    // The archive itself, rather than that of what is urgent.
    let mirror =
        mirrors.find(|uri| !uri.contains("security")).ok_or("apt knows no mirror of Debian (apt-get update?)")?;
    let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
    Ok(format!("Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nSigned-By: {keys}\n"))
}

/// The disk of a guest, as it is put together in a folder.
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// A disk with shells, the C library and the few other programs that tests run.
    pub fn new(dir: &Path) -> Result<Disk, String> {
        let disk = Disk { root: dir.join("root") };
        for folder in ["bin", "dev", "etc", "proc", "root", "sys", "tests", "tmp", "usr", "var/tmp", "work"] {
            fs::create_dir_all(disk.root.join(folder)).map_err(|e| format!("{folder}: {e}"))?;
        }
        let busybox = find("busybox").ok_or("no busybox")?;
        disk.add_program(&busybox, "bin/busybox")?;
        // busybox's shell is not what scripts are written for.
        for name in ["sh", "grep", "strace", "env"] {
            if let Some(program) = find(name) {
                disk.add_program(&program, &format!("bin/{name}"))?;
            }
        }
        for applet in compile::output(Command::new(busybox).arg("--list"))?.lines() {
            let link = disk.root.join("bin").join(applet);
            if !link.exists() {
                std::os::unix::fs::symlink("busybox", &link).map_err(|e| format!("{applet}: {e}"))?;
            }
        }
        std::os::unix::fs::symlink("../bin", disk.root.join("usr/bin")).map_err(|e| format!("usr/bin: {e}"))?;
        for name in ["passwd", "group", "hosts", "nsswitch.conf", "services", "protocols"] {
            let _ = fs::copy(Path::new("/etc").join(name), disk.root.join("etc").join(name));
        }
        Ok(disk)
    }

    /// Puts a file there.
    pub fn add(&self, file: &Path, place: &str) -> Result<(), String> {
        let to = self.root.join(place.trim_start_matches('/'));
        let made = to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(file, &to).map(|_| ()));
        made.map_err(|e| format!("{} to {}: {e}", file.display(), to.display()))
    }

    /// Puts a program there, with the libraries that it has on this machine.
    pub fn add_program(&self, file: &Path, place: &str) -> Result<(), String> {
        self.add(file, place)?;
        // A static one has none, and ldd says so by failing.
        let needs = compile::output(Command::new("ldd").arg(file)).unwrap_or_default();
        for library in needs.split_whitespace().filter(|word| word.starts_with('/')) {
            if !self.root.join(library.trim_start_matches('/')).exists() && !library.contains("libuv") {
                self.add(Path::new(library), library)?;
            }
        }
        Ok(())
    }

    /// Puts a text there, as a program.
    pub fn add_script(&self, text: &str, place: &str) -> Result<(), String> {
        use std::os::unix::fs::PermissionsExt;
        let to = self.root.join(place);
        let made = fs::write(&to, text).and_then(|()| fs::set_permissions(&to, fs::Permissions::from_mode(0o755)));
        made.map_err(|e| format!("{}: {e}", to.display()))
    }

    /// Puts the modules of a kernel there.
    pub fn add_modules(&self, kernel: &Path) -> Result<(), String> {
        for module in modules(kernel)? {
            let name = module.file_name().unwrap_or_default();
            self.add(&module, &Path::new("modules").join(name).display().to_string())?;
            if module.extension().is_some_and(|ext| ext == "xz") {
                compile::run(Command::new("xz").arg("-df").arg(self.root.join("modules").join(name)))?;
            }
        }
        Ok(())
    }

    /// Makes the image, of which most is free.
    fn image(&self) -> Result<PathBuf, String> {
        let image = self.root.with_extension("ext4");
        let mke2fs = find("mke2fs").ok_or("no mke2fs")?;
        compile::run(Command::new(mke2fs).args(["-q", "-t", "ext4", "-d"]).arg(&self.root).arg(&image).arg("1G"))?;
        Ok(image)
    }
}

/// Boots the kernel with the disk, whose `/init` ends it. Gives what that wrote to the second serial port, and how it ended.
pub fn boot(kernel: &Path, disk: &Disk, timeout: Duration) -> Result<(String, String), String> {
    let image = disk.image()?;
    let [console, results] = ["console", "results"].map(|name| disk.root.with_extension(name));
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024", "-nic", "none"]);
    qemu.args(["-display", "none", "-monitor", "none", "-no-reboot"]).arg("-kernel").arg(kernel);
    qemu.args(["-append", "root=/dev/nvme0n1 rw init=/init console=ttyS0 panic=-1 mitigations=off quiet"]);
    qemu.arg("-drive").arg(format!("file={},if=none,id=disk,format=raw,cache=unsafe", image.display()));
    qemu.args(["-device", "nvme,drive=disk,serial=uvring"]);
    for port in [&console, &results] {
        qemu.arg("-serial").arg(format!("file:{}", port.display()));
    }
    qemu.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let ended = process::run(&mut qemu, timeout, None).map_err(|e| format!("cannot run {qemu:?}: {e}"))?;
    let text = |file: &Path| fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let said = text(&console).unwrap_or_default();
    let last: Vec<&str> = said.lines().rev().take(20).collect();
    let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
    let results = text(&results).map_err(|e| format!("{e}\n{last}"))?;
    let how = match ended {
        Ended::Exit(0) => last,
        ended => format!("{ended}\n{last}"),
    };
    Ok((results, how))
}
