//! Which entries of the program become jumps, and all that speaks against it.

use std::collections::BTreeMap;
use std::ffi::{CString, c_uint};
use std::ops::Range;

use crate::image::{self, Function, Image};
use crate::machine::{self, Entry};
use crate::{AT_LOAD, ours, text};

/// libuv's 1.x, whose structs and functions uvring has.
const MAJOR: c_uint = 1;

/// Redirects the program's libuv to uvring. An error says why the program was left as it is.
pub(crate) fn redirect(program: &Image) -> Result<(), String> {
    let functions = program.uv_functions();
    before_everyone(&functions)?;
    whole(program, &functions)?;
    ours::load()?;
    let jumps = functions.iter().filter_map(|f| jump(program, f, &functions).transpose()).collect::<Result<_, _>>()?;
    text::write(program, jumps)
}

/// Nobody has used the program's libuv: a loop that it has touched would be half ours.
fn before_everyone(functions: &[Function]) -> Result<(), String> {
    let loaded = image::loaded();
    let place = |is: &dyn Fn(&Image) -> bool| loaded.iter().position(is);
    let here = place(&|image| image.holds(AT_LOAD as *const u8));
    let libc = place(&|image| image.holds(libc::write as *const u8));
    // What is preloaded comes before what the program needs; what `dlopen` brings comes last.
    if here > libc {
        return Err("uvring's preload library came after its start; it belongs into LD_PRELOAD".into());
    }
    // The loader runs the constructors of the libraries that a program needs before those of preloaded ones.
    let others = loaded.iter().skip(1).filter(|image| !image.holds(AT_LOAD as *const u8));
    for image in others {
        if let Some(name) = image.wants().filter(|&name| functions.iter().any(|f| f.name == name)) {
            return Err(format!("{} calls its {name}, and may have done so already", image.path));
        }
    }
    Ok(())
}

/// It is libuv 1.x, in one piece.
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
    let mut by_address = BTreeMap::new();
    for function in functions {
        if let Some(other) = by_address.insert(function.at, function.name) {
            return Err(format!("{other} and {} are one function in it", function.name));
        }
    }
    // Link-time optimisation scatters functions among others, and copies them into their callers, where no jump reaches them.
    if let Some(stranger) = block(functions).and_then(|block| program.stranger(&block)) {
        return Err(format!("{stranger} is in the midst of it, as link-time optimisation leaves it"));
    }
    Ok(())
}

/// The addresses that libuv takes up. `uv_library_shutdown` is apart: compilers put destructors elsewhere.
fn block(functions: &[Function]) -> Option<Range<usize>> {
    let addresses = || functions.iter().filter(|f| f.name != "uv_library_shutdown").map(|f| f.at);
    Some(addresses().min()?..addresses().max()?)
}

/// The jump that the function becomes; `None` for what is no part of the interface.
fn jump(program: &Image, function: &Function, all: &[Function]) -> Result<Option<Jump>, String> {
    let Function { name, at, size } = *function;
    let to = CString::new(name).ok().and_then(|name| ours::function(&name));
    let Some(to) = to else {
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
    let room = all.iter().all(|f| f.at <= at || f.at >= at + entry.size())
        && (size >= entry.size() || size > 0 && machine::is_padding(at + size, &code[size..entry.size()]));
    if !room {
        return Err(format!("{name} is too short for a jump"));
    }
    Ok(Some(Jump { entry, to: to.addr() }))
}

/// An entry, and where it is to lead.
pub(crate) struct Jump {
    pub(crate) entry: Entry,
    pub(crate) to: usize,
}
