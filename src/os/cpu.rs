//! The CPUs: what they are, how busy they are, how many of them a program should use.

use std::ffi::CStr;
use std::fmt::Write;
use std::mem::{size_of, zeroed};
use std::ptr;

use libc::{c_char, c_double, c_int, c_long, c_uint};

use crate::abi::{Errno, IntoC, Result, uv_cpu_info_t, uv_cpu_times_s, uv_rusage_t, uv_timeval_t};
use crate::base::alloc;
use crate::base::alloc::Array;
use crate::sys::proc_file;
use crate::sys::proc_file::{Lines, fraction, number};
use crate::text::buffer::TextBuffer;

/// Stores an array of the CPUs that are online at `*cpu_infos`, and its length at `*count`. `uv_free_cpu_info` takes
/// the array back. The model is "unknown" and the speed 0 where the system does not tell.
///
/// Thread-safe. Returns 0, `UV_ENOMEM`, or what reading `/proc/stat` gave; then the array is NULL and the length 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_cpu_info(cpu_infos: *mut *mut uv_cpu_info_t, count: *mut c_int) -> c_int {
    // SAFETY: the caller gives places for the answers.
    unsafe {
        cpu_infos.write(ptr::null_mut());
        count.write(0);
        list_cpus()
            .map(|(array, len)| {
                cpu_infos.write(array);
                count.write(len as c_int);
            })
            .into_c()
    }
}

/// Frees what `uv_cpu_info` gave.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_free_cpu_info(cpu_infos: *mut uv_cpu_info_t, _count: c_int) {
    // SAFETY: one piece of memory holds the array and the names.
    unsafe { alloc::free(cpu_infos.cast()) };
}

/// How many threads a program should run at once: the CPUs that the calling thread may use, or fewer if the quota of its
/// control group (version 2) amounts to fewer. At least 1.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_available_parallelism() -> c_uint {
    let cpus = usable_cpus();
    let cpus = group_quota().map_or(cpus, |quota| cpus.min(quota));
    cpus.clamp(1, c_int::MAX as u64) as c_uint
}

/// Stores the load averages of the last 1, 5 and 15 minutes at `avg`. `avg` is left alone if the system does not tell.
///
/// Thread-safe.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_loadavg(avg: *mut c_double) {
    if let Some(loads) = load_from_proc().or_else(load_from_sysinfo) {
        // SAFETY: the caller gives room for three numbers.
        unsafe { avg.cast::<[c_double; 3]>().write(loads) };
    }
}

/// Stores the seconds since the system was started, with their fraction.
///
/// Thread-safe. Returns 0, or what the system answered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_uptime(uptime: *mut c_double) -> c_int {
    // SAFETY: the caller gives a place for the answer.
    seconds_up().map(|seconds| unsafe { uptime.write(seconds) }).into_c()
}

/// Stores the resources that the process has used so far.
///
/// Thread-safe. Returns 0, or what `getrusage(2)` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_getrusage(rusage: *mut uv_rusage_t) -> c_int {
    // SAFETY: the caller gives a place for the answer.
    usage(libc::RUSAGE_SELF).map(|usage| unsafe { rusage.write(usage) }).into_c()
}

/// Stores the resources that the calling thread has used so far.
///
/// Thread-safe. Returns 0, or what `getrusage(2)` gave.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn uv_getrusage_thread(rusage: *mut uv_rusage_t) -> c_int {
    // SAFETY: the caller gives a place for the answer.
    usage(libc::RUSAGE_THREAD).map(|usage| unsafe { rusage.write(usage) }).into_c()
}

/// A CPU before its model has a place in memory.
#[derive(Clone, Copy)]
struct Cpu {
    number: u64,
    times: uv_cpu_times_s,
    /// Where the model begins among all models, each ended by a NUL.
    model: usize,
}

/// An array and its length. The models stand behind the array in the same piece of memory.
fn list_cpus() -> Result<(*mut uv_cpu_info_t, usize)> {
    let mut cpus = Array::new();
    read_times(&mut cpus)?;
    let mut models = Array::new();
    push_model(&mut models, b"unknown")?;
    read_models(&mut cpus, &mut models)?;

    let array_size = cpus.len() * size_of::<uv_cpu_info_t>();
    let array = alloc::malloc(array_size + models.len()).cast::<uv_cpu_info_t>();
    if array.is_null() {
        return Err(Errno::ENOMEM);
    }
    // SAFETY: there is room for the array and the models.
    unsafe {
        let names = array.cast::<u8>().add(array_size);
        names.copy_from_nonoverlapping(models.as_ptr(), models.len());
        for (i, cpu) in cpus.iter().enumerate() {
            let model = names.add(cpu.model).cast::<c_char>();
            array.add(i).write(uv_cpu_info_t { model, speed: speed_mhz(cpu.number), cpu_times: cpu.times });
        }
    }
    Ok((array, cpus.len()))
}

/// The `cpuN` lines of `/proc/stat`, one for each CPU that is online, in their order.
fn read_times(cpus: &mut Array<Cpu>) -> Result {
    // SAFETY: a question without pointers; Linux always answers it.
    let ticks_per_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as u64;
    let mut lines = Lines::<256>::open(c"/proc/stat")?;
    while let Some(line) = lines.next()? {
        // What follows the CPUs can be long, and costs the kernel time to write.
        let Some(line) = line.strip_prefix(b"cpu") else { break };
        // The line without a number is the sum.
        let Some(number) = line.first().filter(|c| c.is_ascii_digit()).and_then(|_| number(line)) else { continue };
        let mut ticks = [0; 6];
        let fields = line.split(|&c| c == b' ').skip(1).filter(|field| !field.is_empty());
        for (tick, field) in ticks.iter_mut().zip(fields) {
            *tick = proc_file::number(field).unwrap_or(0);
        }
        let [user, nice, sys, idle, _iowait, irq] = ticks.map(|n| n.saturating_mul(1000) / ticks_per_second);
        cpus.push(Cpu { number, times: uv_cpu_times_s { user, nice, sys, idle, irq }, model: 0 })?;
    }
    Ok(())
}

/// The models in `/proc/cpuinfo`. That some are missing is no failure; that memory is, is one.
fn read_models(cpus: &mut Array<Cpu>, models: &mut Array<u8>) -> Result {
    let Ok(mut lines) = Lines::<256>::open(c"/proc/cpuinfo") else { return Ok(()) };
    let mut current = None;
    while let Ok(Some(line)) = lines.next() {
        let Some(colon) = line.iter().position(|&c| c == b':') else { continue };
        let (key, value) = (line[..colon].trim_ascii_end(), line[colon + 1..].trim_ascii());
        if key == b"processor" {
            current = number(value);
        } else if let Some(model) = model_in(key, value) {
            let place = find_or_push_model(models, model)?;
            for cpu in cpus.iter_mut().filter(|cpu| Some(cpu.number) == current) {
                cpu.model = place;
            }
        }
    }
    Ok(())
}

/// The model, if the line of `/proc/cpuinfo` tells it.
fn model_in<'t>(key: &[u8], value: &'t [u8]) -> Option<&'t [u8]> {
    if cfg!(target_arch = "aarch64") {
        // Arm's kernels write numbers only.
        let part = (key == b"CPU part").then_some(value)?;
        let part = std::str::from_utf8(part.strip_prefix(b"0x")?).ok()?;
        arm_part(u32::from_str_radix(part, 16).ok()?).map(str::as_bytes)
    } else {
        (key == b"model name").then_some(value)
    }
}

/// Arm's own 64-bit cores by part number, as in the kernel's `asm/cputype.h`.
fn arm_part(part: u32) -> Option<&'static str> {
    Some(match part {
        0xd02 => "Cortex-A34",
        0xd03 => "Cortex-A53",
        0xd04 => "Cortex-A35",
        0xd05 => "Cortex-A55",
        0xd06 => "Cortex-A65",
        0xd07 => "Cortex-A57",
        0xd08 => "Cortex-A72",
        0xd09 => "Cortex-A73",
        0xd0a => "Cortex-A75",
        0xd0b => "Cortex-A76",
        0xd0c => "Neoverse-N1",
        0xd0d => "Cortex-A77",
        0xd0e => "Cortex-A76AE",
        0xd40 => "Neoverse-V1",
        0xd41 => "Cortex-A78",
        0xd42 => "Cortex-A78AE",
        0xd43 => "Cortex-A65AE",
        0xd44 => "Cortex-X1",
        0xd46 => "Cortex-A510",
        0xd47 => "Cortex-A710",
        0xd48 => "Cortex-X2",
        0xd49 => "Neoverse-N2",
        0xd4a => "Neoverse-E1",
        0xd4b => "Cortex-A78C",
        0xd4c => "Cortex-X1C",
        0xd4d => "Cortex-A715",
        0xd4e => "Cortex-X3",
        0xd4f => "Neoverse-V2",
        0xd80 => "Cortex-A520",
        0xd81 => "Cortex-A720",
        0xd82 => "Cortex-X4",
        0xd83 => "Neoverse-V3AE",
        0xd84 => "Neoverse-V3",
        0xd85 => "Cortex-X925",
        0xd87 => "Cortex-A725",
        0xd8e => "Neoverse-N3",
        _ => return None,
    })
}

/// Where `model` stands among the models. Machines have many CPUs and one or two models, so the last is tried first.
fn find_or_push_model(models: &mut Array<u8>, model: &[u8]) -> Result<usize> {
    let last = models[..models.len() - 1].iter().rposition(|&c| c == 0).map_or(0, |nul| nul + 1);
    if models[last..models.len() - 1] == *model { Ok(last) } else { push_model(models, model) }
}

fn push_model(models: &mut Array<u8>, model: &[u8]) -> Result<usize> {
    let place = models.len();
    models.reserve(model.len() + 1)?;
    model.iter().filter(|&&c| c != 0).try_for_each(|&c| models.push(c))?;
    models.push(0)?;
    Ok(place)
}

/// The highest clock that the CPU is allowed; 0 if the system does not scale clocks.
fn speed_mhz(cpu: u64) -> c_int {
    let mut path = TextBuffer::<96>::new();
    let mut buf = [0; 32];
    let khz = write!(path, "/sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_max_freq")
        .ok()
        .and_then(|()| proc_file::read(path.as_c_str(), &mut buf).ok())
        .and_then(number);
    khz.map_or(0, |khz| c_int::try_from(khz / 1000).unwrap_or(c_int::MAX))
}

/// The CPUs in the calling thread's affinity mask; if the mask is too long for us, those that are online.
fn usable_cpus() -> u64 {
    // SAFETY: zeros are a mask, and `mask` is the place for one.
    unsafe {
        let mut mask: libc::cpu_set_t = zeroed();
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut mask) == 0 {
            libc::CPU_COUNT(&mask) as u64
        } else {
            libc::sysconf(libc::_SC_NPROCESSORS_ONLN).max(1) as u64
        }
    }
}

const CGROUP: &[u8] = b"/sys/fs/cgroup";

/// How many CPUs' time the control group may use, rounded down. The kernel enforces the quota of each group on the way
/// up, so the tightest counts.
fn group_quota() -> Option<u64> {
    let mut buf = [0; 4096];
    let text = proc_file::read(c"/proc/self/cgroup", &mut buf).ok()?;
    let mut path = text.split(|&c| c == b'\n').next()?.strip_prefix(b"0::")?;
    let mut tightest = None;
    loop {
        path = path.strip_suffix(b"/").unwrap_or(path);
        if let Some(quota) = quota_of(path) {
            tightest = Some(tightest.map_or(quota, |least| quota.min(least)));
        }
        let Some(slash) = path.iter().rposition(|&c| c == b'/') else { return tightest };
        path = &path[..slash];
    }
}

/// The quota in a group's `cpu.max`: two numbers of microseconds, what may be used in a period and the period.
fn quota_of(group: &[u8]) -> Option<u64> {
    let mut path = TextBuffer::<4096>::new();
    path.push(CGROUP).ok()?;
    path.push(group).ok()?;
    path.push(b"/cpu.max").ok()?;
    let mut buf = [0; 64];
    let text = proc_file::read(path.as_c_str(), &mut buf).ok()?;
    parse_quota(text)
}

fn parse_quota(text: &[u8]) -> Option<u64> {
    let blank = text.iter().position(|&c| c == b' ')?;
    // "max" stands for no quota and is no number.
    number(&text[..blank])?.checked_div(number(&text[blank..])?)
}

fn load_from_proc() -> Option<[c_double; 3]> {
    let mut buf = [0; 128];
    let text = proc_file::read(c"/proc/loadavg", &mut buf).ok()?;
    let mut fields = text.split(|&c| c == b' ');
    Some([fraction(fields.next()?)?, fraction(fields.next()?)?, fraction(fields.next()?)?])
}

fn load_from_sysinfo() -> Option<[c_double; 3]> {
    // SAFETY: zeros are such a struct, and `info` is the place for one.
    unsafe {
        let mut info: libc::sysinfo = zeroed();
        // Fixed point with 16 bits behind the point.
        (libc::sysinfo(&raw mut info) == 0).then(|| info.loads.map(|load| load as c_double / 65536.0))
    }
}

fn seconds_up() -> Result<c_double> {
    let mut buf = [0; 128];
    if let Some(seconds) = read_fraction(c"/proc/uptime", &mut buf) {
        return Ok(seconds);
    }
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is the place for the answer.
    if unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) } != 0 {
        return Err(Errno::last());
    }
    Ok(now.tv_sec as c_double)
}

fn read_fraction(path: &CStr, buf: &mut [u8]) -> Option<c_double> {
    fraction(proc_file::read(path, buf).ok()?)
}

fn usage(who: c_int) -> Result<uv_rusage_t> {
    // SAFETY: zeros are such a struct, and `u` is the place for one.
    let u = unsafe {
        let mut u: libc::rusage = zeroed();
        if libc::getrusage(who, &raw mut u) != 0 {
            return Err(Errno::last());
        }
        u
    };
    let time = |t: libc::timeval| uv_timeval_t { tv_sec: t.tv_sec as c_long, tv_usec: t.tv_usec as c_long };
    Ok(uv_rusage_t {
        ru_utime: time(u.ru_utime),
        ru_stime: time(u.ru_stime),
        ru_maxrss: u.ru_maxrss as u64,
        ru_ixrss: u.ru_ixrss as u64,
        ru_idrss: u.ru_idrss as u64,
        ru_isrss: u.ru_isrss as u64,
        ru_minflt: u.ru_minflt as u64,
        ru_majflt: u.ru_majflt as u64,
        ru_nswap: u.ru_nswap as u64,
        ru_inblock: u.ru_inblock as u64,
        ru_oublock: u.ru_oublock as u64,
        ru_msgsnd: u.ru_msgsnd as u64,
        ru_msgrcv: u.ru_msgrcv as u64,
        ru_nsignals: u.ru_nsignals as u64,
        ru_nvcsw: u.ru_nvcsw as u64,
        ru_nivcsw: u.ru_nivcsw as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas() {
        assert_eq!(parse_quota(b"150000 100000\n"), Some(1));
        assert_eq!(parse_quota(b"50000 100000\n"), Some(0));
        assert_eq!(parse_quota(b"max 100000\n"), None);
        assert_eq!(parse_quota(b"100000 0\n"), None);
        assert_eq!(parse_quota(b"100000\n"), None);
    }

    #[test]
    fn models_are_shared() {
        let mut models = Array::new();
        push_model(&mut models, b"unknown").unwrap();
        assert_eq!(find_or_push_model(&mut models, b"one").unwrap(), 8);
        assert_eq!(find_or_push_model(&mut models, b"one").unwrap(), 8);
        assert_eq!(find_or_push_model(&mut models, b"two").unwrap(), 12);
        assert_eq!(&models[..], b"unknown\0one\0two\0");
    }

    #[test]
    #[cfg_attr(miri, ignore = "files of /proc, and much time")]
    fn every_cpu_has_a_model() {
        let (mut array, mut count) = (ptr::null_mut(), 0);
        // SAFETY: places for the answers, and an array of `count` elements.
        unsafe {
            assert_eq!(uv_cpu_info(&raw mut array, &raw mut count), 0);
            assert!(count > 0);
            for i in 0..count as usize {
                assert!(!CStr::from_ptr((*array.add(i)).model).is_empty());
            }
            uv_free_cpu_info(array, count);
            assert!(uv_available_parallelism() >= 1);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "the kernel's answer")]
    fn the_machine_is_up_and_this_process_has_memory() {
        let (mut up, mut loads) = (0.0, [-1.0; 3]);
        // SAFETY: places for the answers.
        unsafe {
            assert_eq!(uv_uptime(&raw mut up), 0);
            uv_loadavg(loads.as_mut_ptr());
        }
        assert!(up > 0.0);
        assert!(loads.iter().all(|&load| load >= 0.0));
        assert!(usage(libc::RUSAGE_SELF).unwrap().ru_maxrss > 0);
        assert_eq!(usage(12345).err(), Some(Errno::EINVAL));
    }
}
