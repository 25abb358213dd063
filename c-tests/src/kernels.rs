//! Other kernels: Debian's, had from the machine's own mirror, and booted under qemu without KVM.
//!
//! | kernel | Debian's suite |
//! |---|---|
//! | 5.10 | bullseye |
//! | 6.1 | bookworm |
//! | 6.12 | trixie |
//! | sid | whatever is newest |
//!
//! `6.12-arm64` is that for aarch64, and so on. A guest has two processors, a disk with ext4 that holds all it needs, and two serial ports:
//! for what the kernel says, and for results. The kernels of Debian for clouds have ext4, NVMe and serial ports built in: it takes no
//! initramfs. `/modules` on the disk are what else the tests need.

use crate::library::{self, Library};
use crate::process::{self, Ended};
use crate::{compile, sources};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The machine that a guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// Like the one that this runs on, as a rule.
    X86,
    /// With qemu's board `virt`.
    Arm,
}

/// A kernel to boot.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// As it was asked for.
    pub name: String,
    /// What it is for.
    pub machine: Machine,
}

/// What was found of a kernel: its file, and where the packages were unpacked, if they were.
#[derive(Debug)]
pub struct Found {
    image: PathBuf,
    top: Option<PathBuf>,
}

impl Machine {
    fn qemu(self) -> &'static str {
        match self {
            Machine::X86 => "qemu-system-x86_64",
            Machine::Arm => "qemu-system-aarch64",
        }
    }

    /// Debian's name for it.
    fn debian(self) -> &'static str {
        match self {
            Machine::X86 => "amd64",
            Machine::Arm => "arm64",
        }
    }

    /// The name that programs go by.
    pub fn name(self) -> &'static str {
        match self {
            Machine::X86 => "x86-64",
            Machine::Arm => "aarch64",
        }
    }

    /// Our library for it.
    pub fn library(self) -> Result<&'static Library, String> {
        match self {
            Machine::X86 => library::ours(),
            Machine::Arm => library::ours_for_aarch64(),
        }
    }

    /// The command `uvring` for it.
    pub fn command(self) -> Result<PathBuf, String> {
        match self {
            Machine::X86 => library::command().map(Path::to_path_buf),
            Machine::Arm => library::command_for_aarch64(),
        }
    }

    /// The serial port for results.
    pub fn results(self) -> &'static str {
        match self {
            Machine::X86 => "/dev/ttyS1",
            Machine::Arm => "/dev/ttyS0",
        }
    }
}

impl Kernel {
    /// The kernel that goes by this name: a version, one with `-arm64` behind it, or the path of a file.
    pub fn new(name: &str) -> Self {
        let machine = if name.ends_with("-arm64") { Machine::Arm } else { Machine::X86 };
        Self { name: name.into(), machine }
    }

    /// Debian's suite that has it.
    fn suite(&self) -> Option<&'static str> {
        match self.version() {
            "5.10" => Some("bullseye"),
            "6.1" => Some("bookworm"),
            "6.12" => Some("trixie"),
            "sid" => Some("sid"),
            _ => None,
        }
    }

    /// The version alone, as tests name it.
    pub fn version(&self) -> &str {
        self.name.strip_suffix("-arm64").unwrap_or(&self.name)
    }

    /// What is lacking to boot it here, if something is.
    pub fn lacks(&self) -> Option<String> {
        let programs = [self.machine.qemu(), "busybox", "mke2fs", "dpkg-deb", "apt-get"];
        let lacking = programs.into_iter().find(|program| find(program).is_none());
        match self.machine {
            _ if lacking.is_some() => lacking.map(|program| format!("{program} is not installed")),
            Machine::X86 if cfg!(target_arch = "x86_64") => None,
            Machine::X86 => Some("programs are made for this machine only, and for aarch64".into()),
            Machine::Arm => library::lacks_for_aarch64(),
        }
    }

    /// Finds it: a path is taken as it is, a version is fetched once. The inner error says why it cannot be had here.
    pub fn find(&self) -> Result<Result<Found, String>, String> {
        if self.name.contains('/') {
            let image = PathBuf::from(&self.name);
            let top = image.parent().and_then(Path::parent).map(Path::to_path_buf);
            return Ok(Ok(Found { image, top }));
        }
        let suite = self.suite().ok_or_else(|| format!("no kernel {} is known here", self.name))?;
        let dir = sources::work_dir().join("kernels").join(&self.name);
        library::locked(&format!("kernel-{}", self.name), || {
            let top = dir.join("unpacked");
            let found = |image| Found { image, top: Some(top.clone()) };
            if let Some(image) = image_in(&top) {
                return Ok(Ok(found(image)));
            }
            Ok(match fetch(suite, self.machine, &dir) {
                Ok(()) => Ok(found(image_in(&top).ok_or_else(|| format!("{}: no kernel in it", top.display()))?)),
                Err(why) => Err(format!("kernel {} cannot be had here: {why}", self.name)),
            })
        })
    }
}

/// A program's file, also where only the superuser looks.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/sbin"]).map(Path::new);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn image_in(top: &Path) -> Option<PathBuf> {
    let mut files = fs::read_dir(top.join("boot")).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    files.find(|file| file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"vmlinuz-")))
}

/// The kernel's modules that tests need, from where its package has them.
fn modules(kernel: &Found) -> Result<Vec<PathBuf>, String> {
    let name = kernel.image.file_name().unwrap_or_default().to_string_lossy();
    let release = name.strip_prefix("vmlinuz-").unwrap_or_default();
    let top = kernel.top.as_ref().filter(|_| !release.is_empty());
    let folders =
        ["lib/modules", "usr/lib/modules"].into_iter().filter_map(|folder| Some(top?.join(folder).join(release)));
    let Some(folder) = folders.into_iter().find(|folder| folder.exists()) else { return Ok(vec![]) };
    let names = ["-name", "fuse.ko*", "-o", "-name", "dummy.ko*"];
    let found = compile::output(Command::new("find").arg(folder).args(names))?;
    Ok(found.lines().map(PathBuf::from).collect())
}

/// Fetches the package that the suite's kernel for clouds depends on, and for another machine than this a shell, with apt's lists kept apart
/// from the machine's.
fn fetch(suite: &str, machine: Machine, dir: &Path) -> Result<(), String> {
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
            ("APT::Architecture", machine.debian().into()),
            ("APT::Architectures", machine.debian().into()),
            ("Acquire::Languages", "none".into()),
            ("Acquire::Check-Valid-Until", "false".into()),
        ] {
            apt.arg("-o").arg(format!("{name}={}", value.display()));
        }
        apt
    };
    compile::run(apt("apt-get").args(["-o", "APT::Update::Error-Mode=any", "update"]))?;
    let depends =
        compile::output(apt("apt-cache").args(["depends", &format!("linux-image-cloud-{}", machine.debian())]))?;
    let words = depends.split_whitespace();
    let package = words.filter(|word| word.starts_with("linux-image-")).nth(1).ok_or("the suite has no such kernel")?;
    let more = if machine == Machine::X86 { None } else { Some("busybox-static") };
    compile::run(apt("apt-get").args(["download", package]).args(more))?;
    for entry in fs::read_dir(dir).map_err(text)? {
        let file = entry.map_err(text)?.path();
        if file.extension().is_some_and(|ext| ext == "deb") {
            compile::run(Command::new("dpkg-deb").arg("-x").arg(file).arg(dir.join("unpacked")))?;
        }
    }
    Ok(())
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
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    machine: Machine,
}

impl Disk {
    /// A disk with shells, the C library, the few other programs that tests run, and the kernel's modules.
    pub fn new(dir: &Path, kernel: &Kernel, found: &Found) -> Result<Disk, String> {
        let disk = Disk { root: dir.join("root"), machine: kernel.machine };
        for folder in ["bin", "dev", "etc", "proc", "root", "sys", "tests", "tmp", "usr", "var/tmp", "work"] {
            fs::create_dir_all(disk.root.join(folder)).map_err(|e| format!("{folder}: {e}"))?;
        }
        let busybox = find("busybox").ok_or("no busybox")?;
        match kernel.machine {
            Machine::X86 => disk.add_programs(&busybox)?,
            Machine::Arm => disk.add_libraries(found)?,
        }
        for applet in compile::output(Command::new(busybox).arg("--list"))?.lines() {
            let link = disk.root.join("bin").join(applet);
            if !link.exists() {
                symlink("busybox", &link).map_err(|e| format!("{applet}: {e}"))?;
            }
        }
        symlink("../bin", disk.root.join("usr/bin")).map_err(|e| format!("usr/bin: {e}"))?;
        for name in ["passwd", "group", "services", "protocols"] {
            let _ = fs::copy(Path::new("/etc").join(name), disk.root.join("etc").join(name));
        }
        let hosts = "127.0.0.1 localhost guest\n::1 localhost ip6-localhost\n";
        let names = "passwd: files\ngroup: files\nhosts: files dns\n";
        for (name, text) in [("hosts", hosts), ("nsswitch.conf", names), ("resolv.conf", "nameserver 127.0.0.1\n")] {
            disk.add_script(text, &format!("etc/{name}"))?;
        }
        disk.add_modules(found)?;
        Ok(disk)
    }

    /// This machine's programs.
    fn add_programs(&self, busybox: &Path) -> Result<(), String> {
        self.add_program(busybox, "bin/busybox")?;
        // busybox's shell is not what scripts are written for.
        for name in ["sh", "grep", "strace", "env"] {
            if let Some(program) = find(name) {
                self.add_program(&program, &format!("bin/{name}"))?;
            }
        }
        Ok(())
    }

    /// What else aarch64 takes: a shell from Debian's package, and the libraries that programs are cross-compiled against.
    fn add_libraries(&self, found: &Found) -> Result<(), String> {
        let top = found.top.as_ref().ok_or("a kernel for aarch64 is had by its version")?;
        let shell =
            ["usr/bin/busybox", "bin/busybox"].map(|name| top.join(name)).into_iter().find(|file| file.exists());
        self.add(&shell.ok_or("no busybox for aarch64")?, "bin/busybox")?;
        let libraries = fs::read_dir(library::AARCH64_LIBRARIES).map_err(|e| format!("libraries for aarch64: {e}"))?;
        for file in libraries.filter_map(|entry| Some(entry.ok()?.path())) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if ["ld-", "libc.", "libm.", "libgcc_s.", "libnss_", "libresolv."]
                .iter()
                .any(|start| name.starts_with(start))
                && name.contains(".so.")
            {
                self.add(&file, &format!("lib/{name}"))?;
            }
        }
        Ok(())
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
        if self.machine == Machine::Arm {
            return Ok(());
        }
        // A static one has none, and ldd says so by failing.
        let needs = compile::output(Command::new("ldd").arg(file)).unwrap_or_default();
        for library in needs.split_whitespace().filter(|word| word.starts_with('/')) {
            if !self.root.join(library.trim_start_matches('/')).exists() && !library.contains("libuv") {
                self.add(Path::new(library), library)?;
            }
        }
        Ok(())
    }

    /// Puts a folder there, with all that is in it.
    pub fn add_folder(&self, from: &Path, place: &str) -> Result<(), String> {
        for entry in fs::read_dir(from).map_err(|e| format!("{}: {e}", from.display()))? {
            let file = entry.map_err(|e| e.to_string())?.path();
            let place = format!("{place}/{}", file.file_name().unwrap_or_default().display());
            if file.is_dir() { self.add_folder(&file, &place)? } else { self.add(&file, &place)? }
        }
        Ok(())
    }

    /// Adds a line to a text there.
    pub fn add_line(&self, line: &str, place: &str) -> Result<(), String> {
        let text = fs::read_to_string(self.root.join(place)).unwrap_or_default();
        self.add_script(&(text + line + "\n"), place)
    }

    /// Puts a text there, as a program.
    pub fn add_script(&self, text: &str, place: &str) -> Result<(), String> {
        use std::os::unix::fs::PermissionsExt;
        let to = self.root.join(place);
        let made = fs::write(&to, text).and_then(|()| fs::set_permissions(&to, fs::Permissions::from_mode(0o755)));
        made.map_err(|e| format!("{}: {e}", to.display()))
    }

    /// Puts the modules of a kernel there.
    fn add_modules(&self, kernel: &Found) -> Result<(), String> {
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

/// Boots the kernel with the disk, whose `/init` ends it. Gives what that wrote to the serial port for results, and how it ended.
pub fn boot(kernel: &Found, disk: &Disk, timeout: Duration) -> Result<(String, String), String> {
    let image = disk.image()?;
    let [console, results] = ["console", "results"].map(|name| disk.root.with_extension(name));
    let mut qemu = Command::new(disk.machine.qemu());
    qemu.args(["-accel", "tcg,thread=multi", "-smp", "2", "-m", "1024", "-nic", "none"]);
    qemu.args(["-display", "none", "-monitor", "none", "-no-reboot"]).arg("-kernel").arg(&kernel.image);
    let port = match disk.machine {
        Machine::X86 => "ttyS0",
        Machine::Arm => "ttyAMA0",
    };
    let line = format!("root=/dev/nvme0n1 rw init=/init console={port} panic=-1 mitigations=off quiet");
    qemu.args(["-append", &line]);
    qemu.arg("-drive").arg(format!("file={},if=none,id=disk,format=raw,cache=unsafe", image.display()));
    qemu.args(["-device", "nvme,drive=disk,serial=uvring"]);
    qemu.arg("-serial").arg(format!("file:{}", console.display()));
    match disk.machine {
        Machine::X86 => qemu.args(["-cpu", "max", "-serial"]).arg(format!("file:{}", results.display())),
        // Its board has one serial port; pointers are signed in a way that is quick to emulate.
        Machine::Arm => qemu
            .args(["-machine", "virt", "-cpu", "max,pauth-impdef=on", "-device", "pci-serial,chardev=results"])
            .arg("-chardev")
            .arg(format!("file,id=results,path={}", results.display())),
    };
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
