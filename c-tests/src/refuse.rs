//! Takes io_uring from a program, as containers do.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// io_uring_setup, io_uring_enter and io_uring_register: numbered the same on every architecture.
const FIRST: u32 = 425;
const LAST: u32 = 427;

/// Makes the kernel answer EPERM to the ring's system calls of this program and of what it starts. An ordinary user may ask for
/// this in exchange for never gaining rights by exec.
pub fn ring(command: &mut Command) {
    // SAFETY: the filter makes two system calls and touches no memory but its own stack.
    unsafe { command.pre_exec(filter) };
}

fn filter() -> io::Result<()> {
    let step = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter { code: code as u16, jt, jf, k };
    let eperm = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let mut steps = [
        // The call's number is the first field of what a filter is given.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, 0, 2, FIRST),
        step(libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K, 1, 0, LAST),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, eperm),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the first call takes no pointer; the second copies the program, which lives until it returns.
    let failed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) != 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    #[test]
    fn refuses_the_ring_and_nothing_else() {
        // 425 is io_uring_setup; without arguments the kernel would answer EFAULT or EINVAL.
        let program = "#include <errno.h>\n#include <stdio.h>\n#include <sys/syscall.h>\n#include <unistd.h>\n\
                       int main(void) { return syscall(425, 0, 0) == -1 && errno == EPERM && getpid() > 0 ? 0 : 1; }\n";
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (source, binary) = (dir.path().join("refused.c"), dir.path().join("refused"));
        std::fs::write(&source, program).expect("a file in it");
        crate::compile::run(Command::new(crate::compile::cc()).arg(&source).arg("-o").arg(&binary))
            .expect("it compiles");
        let mut command = Command::new(&binary);
        super::ring(&mut command);
        crate::compile::run(&mut command).expect("the ring is refused");
    }
}
