//! On what it was measured.

use crate::sources;
use serde::Serialize;
use std::path::Path;
use std::process::Command;

/// What a reader needs to judge the figures, and to repeat them.
#[derive(Debug, Clone, Serialize)]
pub struct Machine {
    /// `2026-01-31 12:00 UTC`.
    pub date: String,
    /// The kernel's release.
    pub kernel: String,
    /// The processor's name.
    pub processor: String,
    /// How many of them.
    pub processors: usize,
    /// Memory in MiB.
    pub memory: u64,
    /// The file systems of the cases `…/disk/…` and `…/tmpfs/…`.
    pub file_systems: [String; 2],
    /// How busy the machine was before: the load average of the last minute.
    pub load: String,
    /// The commit of this project.
    pub commit: String,
    /// Our library's file and the other one's; or the command that was used, and nothing.
    pub libraries: [String; 2],
    /// Whether our library was built with optimisation.
    pub is_release: bool,
}

impl Machine {
    /// In a sentence, with what there is to say of its disks.
    pub(super) fn described(&self, disks: &str) -> String {
        let Self { date, commit, kernel, processors, processor, memory, load, .. } = self;
        format!(
            "{date}, commit {commit}, kernel {kernel}, {processors} × {processor}, {memory} MiB{disks}; load before: {load}."
        )
    }

    /// A line about a library that was not built to be measured; nothing for one that was.
    pub(super) fn warning(&self) -> &'static str {
        if self.is_release {
            return "";
        }
        "**uvring was built without optimisation: these figures say nothing about its speed.**\n"
    }

    /// Looks at this machine.
    pub fn look(libraries: [&Path; 2], disk: &Path, tmpfs: &Path) -> Self {
        let line = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let after = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map(|(_, value)| value.trim().to_string()).unwrap_or_default()
        };
        let memory = after(&line("/proc/meminfo"), "MemTotal");
        let memory = memory.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024;
        Self {
            date: said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
            kernel: line("/proc/sys/kernel/osrelease").trim().into(),
            processor: after(&line("/proc/cpuinfo"), "model name"),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            memory,
            file_systems: [disk, tmpfs].map(file_system),
            load: line("/proc/loadavg").split(' ').next().unwrap_or_default().into(),
            commit: said("git", &["describe", "--always", "--dirty"]),
            libraries: libraries.map(|library| library.display().to_string()),
            is_release: !cfg!(debug_assertions) || std::env::var_os("UVRING_LIB_DIR").is_some(),
        }
    }
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(sources::project()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string()).unwrap_or_default()
}

fn file_system(path: &Path) -> String {
    let said = said("df", &["--output=fstype", &path.display().to_string()]);
    said.lines().last().unwrap_or_default().into()
}
