//! What refuses io_uring here, looked up here and now, and the setting that allows it.

use serde_json::json;
use uv::doctor::Ring;

use crate::doctor::read;

/// Something that refuses, or may.
pub(crate) struct Cause {
    /// A sentence.
    pub(crate) what: String,
    /// Where something can be set, and what.
    pub(crate) remedies: Vec<(&'static str, String)>,
}

impl Cause {
    fn new(what: impl Into<String>, remedies: Vec<(&'static str, String)>) -> Cause {
        Cause { what: what.into(), remedies }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let remedies: Vec<_> = self.remedies.iter().map(|(place, set)| json!({ "where": place, "set": set })).collect();
        json!({ "what": self.what, "remedies": remedies })
    }
}

/// What is known to refuse in this way, the likeliest first.
pub(crate) fn causes(ring: &Ring) -> Vec<Cause> {
    match *ring {
        Ring::Allowed { .. } => Vec::new(),
        Ring::SwitchedOff => vec![Cause::new(
            "The environment forbids it.",
            vec![("shell", "unset UV_USE_IO_URING".into()), ("systemd", "UnsetEnvironment=UV_USE_IO_URING".into())],
        )],
        Ring::Lacks(name) => vec![Cause::new(
            format!("The kernel is too old for the ring ({name} is missing); 5.19 or newer has all of it."),
            vec![("Debian", "apt install linux-image-cloud-amd64 from bookworm or newer, then reboot".into())],
        )],
        Ring::Failed(step, errno) => {
            let mut causes: Vec<Cause> = sysctl().into_iter().collect();
            match errno {
                libc::ENOSYS => causes.push(missing()),
                libc::ENOMEM => causes.push(locked_memory()),
                libc::EMFILE | libc::ENFILE => causes.push(descriptors()),
                _ => {}
            }
            // What may forbid a call forbids each step; without the sysctl, and for no other reason, one of these does.
            if causes.is_empty() {
                causes.extend(seccomp());
                causes.extend(security_module());
            }
            if causes.is_empty() {
                causes.push(Cause::new(format!("Nothing that is known refuses {step} here."), Vec::new()));
            }
            causes
        }
    }
}

fn sysctl() -> Option<Cause> {
    let value = read("/proc/sys/kernel/io_uring_disabled").filter(|value| value != "0")?;
    let all = ("sysctl", "sysctl -w kernel.io_uring_disabled=0 (to keep it: a file in /etc/sysctl.d)".to_owned());
    if value != "1" {
        let text = format!("The sysctl kernel.io_uring_disabled is {value}: nobody may have a ring.");
        return Some(Cause::new(text, vec![all]));
    }
    // SAFETY: takes and touches nothing.
    if unsafe { libc::geteuid() } == 0 {
        return None;
    }
    let group = read("/proc/sys/kernel/io_uring_group").unwrap_or_default();
    let text =
        format!("The sysctl kernel.io_uring_disabled is 1: only CAP_SYS_ADMIN and the group {group} may have one.");
    let member = "sysctl -w kernel.io_uring_group=GID, with the number of a group of this user".to_owned();
    Some(Cause::new(text, vec![("one group", member), all]))
}

fn missing() -> Cause {
    Cause::new(
        "The system call does not exist here: a kernel built without CONFIG_IO_URING, or a sandbox such as gVisor.",
        vec![("gVisor", "runsc --iouring (experimental)".into()), ("kernel", "CONFIG_IO_URING=y".into())],
    )
}

fn locked_memory() -> Cause {
    Cause::new(
        "There was no memory for it. Kernels before 5.12 count rings against the limit on locked memory.",
        vec![
            ("shell", "ulimit -l unlimited".into()),
            ("systemd", "LimitMEMLOCK=infinity".into()),
            ("Docker", "--ulimit memlock=-1".into()),
        ],
    )
}

fn descriptors() -> Cause {
    Cause::new(
        "No descriptor was left.",
        vec![("shell", "ulimit -n 4096".into()), ("systemd", "LimitNOFILE=4096".into())],
    )
}

fn seccomp() -> Option<Cause> {
    let status = read("/proc/self/status")?;
    let filtered = status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "2"));
    filtered.then(|| {
        Cause::new(
            "A seccomp filter is in force, as in most containers. Those of Docker and containerd refuse io_uring.",
            vec![
                ("Docker", "--security-opt seccomp=profile.json, a copy of Docker's with the io_uring_* calls".into()),
                ("Podman", "the same option; its own profile is /usr/share/containers/seccomp.json".into()),
                (
                    "Kubernetes",
                    "securityContext.seccompProfile: {type: Localhost, localhostProfile: profile.json}".into(),
                ),
                ("systemd", "SystemCallFilter=@io-event (if the unit has SystemCallFilter=)".into()),
            ],
        )
    })
}

fn security_module() -> Option<Cause> {
    // "system_u:system_r:named_t:s0" of SELinux; AppArmor says "profile (enforce)".
    let context = read("/proc/self/attr/current").filter(|context| context.contains(':'))?;
    let text = format!("SELinux confines this process as {context}. What it denied stands in the audit log.");
    let remedy = "ausearch -m avc -ts recent | audit2allow -M uvring && semodule -i uvring.pp".to_owned();
    Some(Cause::new(text, vec![("SELinux", remedy)]))
}
