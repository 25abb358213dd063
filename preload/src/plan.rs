//! Which entries of the program become jumps, and all that speaks against it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_uint;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

use crate::image::{self, Function, Image};
use crate::machine::{self, Entry};
use crate::{AT_LOAD, IS_FIRST_CODE, ours, text};

/// libuv's 1.x, whose structs and functions uvring has.
const MAJOR: c_uint = 1;

/// How far around the functions that we know others of the program's libuv are looked for.
const AROUND: usize = 1 << 16;

/// The one function that compilers put apart from the others, with the destructors.
const APART: &str = "uv_library_shutdown";

/// Of how many functions one shows where the others are.
const SAMPLE: usize = 16;

/// Redirects the program's libuv to uvring. An error says why the program was left as it is.
pub(crate) fn redirect(program: &Image) -> Result<(), String> {
    ours::load()?;
    let ours = our_functions()?;
    let (mut functions, others) = find(program, &ours)?;
    functions.sort_unstable_by_key(|f| f.at);
    before_everyone(&functions)?;
    whole(program, &functions)?;
    // Link-time optimisation scatters functions among others, and copies them into their callers, where no jump reaches them.
    let block = block(functions.iter().filter(|f| f.name != APART).map(|f| f.at));
    if let Some(stranger) = others.iter().find(|f| block.as_ref().is_some_and(|block| block.contains(&f.at))) {
        return Err(format!("{} is in the midst of it, as link-time optimisation leaves it", stranger.name));
    }
    let ends = functions.iter().skip(1).map(|next| next.at).chain([usize::MAX]);
    let jump = |(f, end)| jump(program, f, end, &ours).transpose();
    let jumps = functions.iter().zip(ends).filter_map(jump).collect::<Result<_, _>>()?;
    // Before its code changes.
    program.forget_symbols();
    text::write(program, jumps)
}

/// The functions of uvring, and where they are.
fn our_functions() -> Result<BTreeMap<&'static str, usize>, String> {
    let version = ours::function(c"uvring_version").ok_or("uvring has no version")?;
    let loaded = image::loaded();
    let ours = loaded.iter().find(|image| image.holds(version)).ok_or("uvring has no symbols")?;
    Ok(ours.functions(&[ours.span()]).into_iter().map(|f| (f.name, f.at)).collect())
}

/// The `uv_*` functions of the program, and what else is among and around them.
fn find(program: &Image, ours: &BTreeMap<&str, usize>) -> Result<(Vec<Function>, Vec<Function>), String> {
    // Every program with a libuv has `uv_run`.
    let sample = ["uv_run"].into_iter().chain(ours.keys().step_by(SAMPLE).copied().filter(|&name| name != APART));
    let block =
        block(sample.filter_map(|name| Some(program.function(name)?.at))).ok_or("it has no functions of libuv's")?;
    let around = block.start.saturating_sub(AROUND)..block.end + AROUND;
    let apart = program.function(APART).map_or(0..0, |f| f.at..f.at + 1);
    let mut found = program.functions(&[around, apart]);
    // Those that it has elsewhere, and what shares their entries.
    let here: BTreeSet<_> = found.iter().map(|f| f.name).collect();
    let missing = ours.keys().filter(|name| name.starts_with("uv_") && !here.contains(*name));
    let entries: BTreeSet<_> = missing.filter_map(|name| Some(program.function(name)?.at)).collect();
    let elsewhere = entries.into_iter().map(|at| at..at + 1);
    found.extend(elsewhere.flat_map(|place| program.functions(&[place])));
    Ok(found.into_iter().partition(|f| f.name.starts_with("uv_")))
}

/// Nobody has used the program's libuv: a loop that it has touched would be half ours.
fn before_everyone(functions: &[Function]) -> Result<(), String> {
    if IS_FIRST_CODE.load(Relaxed) {
        return Ok(());
    }
    let loaded = image::loaded();
    let place = |is: &dyn Fn(&Image) -> bool| loaded.iter().position(is);
    let here = place(&|image| image.holds(AT_LOAD as *const u8));
    let libc = place(&|image| image.holds(libc::write as *const u8));
    // What is preloaded comes before what the program needs; what `dlopen` brings comes last.
    if here > libc {
        return Err("uvring's preload library came after its start; it belongs into LD_PRELOAD".into());
    }
    // Where it is not the first, the loader runs the constructors of the libraries that a program needs before those of preloaded ones.
    let others = loaded.iter().skip(1).filter(|image| !image.holds(AT_LOAD as *const u8));
    for image in others {
        if let Some(name) = image.wants().filter(|&name| functions.iter().any(|f| f.name == name)) {
            return Err(format!("{} calls its {name}, and may have done so already", image.path));
        }
    }
    Ok(())
}

/// It is libuv 1.x, and each function, in the order of their places, has an entry of its own.
fn whole(program: &Image, functions: &[Function]) -> Result<(), String> {
    let find = |name: &str| functions.iter().find(|f| f.name == name);
    let version = find("uv_version").ok_or("it has no uv_version")?;
    if !program.is_code(&(version.at..version.at + 1)) {
        return Err("its uv_version is no code".into());
    }
    // SAFETY: libuv's function without arguments, which touches nothing.
    let version = unsafe { std::mem::transmute::<usize, extern "C" fn() -> c_uint>(version.at)() };
    if version >> 16 != MAJOR {
        return Err(format!(
            "that is version {}.{}, and uvring stands for {MAJOR}.x",
            version >> 16,
            version >> 8 & 255
        ));
    }
    if let Some([one, other]) = functions.array_windows().find(|[one, other]| one.at == other.at) {
        return Err(format!("{} and {} are one function in it", one.name, other.name));
    }
    Ok(())
}

/// What the addresses span.
fn block(addresses: impl Iterator<Item = usize>) -> Option<Range<usize>> {
    let addresses: Vec<_> = addresses.collect();
    Some(*addresses.iter().min()?..*addresses.iter().max()?)
}

/// The jump that the function becomes, with room up to `end`; `None` for what is no part of the interface.
fn jump(
    program: &Image,
    function: &Function,
    end: usize,
    ours: &BTreeMap<&str, usize>,
) -> Result<Option<Jump>, String> {
    let Function { name, at, size } = *function;
    let Some(&to) = ours.get(name) else {
        // Functions that begin with two underscores are reached only from within libuv.
        return if name.starts_with("uv__") { Ok(None) } else { Err(format!("uvring lacks {name}")) };
    };
    let longest = at..at + machine::LONGEST;
    if !program.is_code(&longest) {
        return Err(format!("{name} is not in code that can be read"));
    }
    // SAFETY: argument 1; it is code that can be read.
    let code = unsafe { std::slice::from_raw_parts(at as *const u8, machine::LONGEST) };
    let entry = Entry::new(at, code);
    let room = end - at >= entry.size()
        && (size >= entry.size() || size > 0 && machine::is_padding(at + size, &code[size..entry.size()]));
    if !room {
        return Err(format!("{name} is too short for a jump"));
    }
    Ok(Some(Jump { entry, to }))
}

/// An entry, and where it is to lead.
pub(crate) struct Jump {
    pub(crate) entry: Entry,
    pub(crate) to: usize,
}
