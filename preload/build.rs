//! Links the preload library so that it needs libc alone: every child of a program gets it, whatever that child is.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    // Not `rustc-cdylib-link-arg`, which cargo hands on to whatever library depends on this package: uvring's would get this
    // name. In a test's executable these say nothing.
    println!("cargo:rustc-link-arg=-Wl,-soname,libuvring_preload.so");
    // Its constructor runs before those of all other libraries: none of them has called the program's libuv by then.
    println!("cargo:rustc-link-arg=-Wl,-z,initfirst");
    // rustc always says -lgcc_s. Found here first, it means the static library.
    let dir = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("not run by cargo")?);
    fs::write(dir.join("libgcc_s.so"), "INPUT(-lgcc_eh -lgcc)\n")?;
    println!("cargo:rustc-link-arg=-L{}", dir.display());
    Ok(())
}
