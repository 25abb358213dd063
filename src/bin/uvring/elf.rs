//! What an ELF file says about itself: for which machine it is, who loads it, which symbols it defines.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use object::elf;
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSymbol};

/// A program or shared library.
pub(crate) struct Elf {
    bytes: Vec<u8>,
}

impl Elf {
    /// Reads a file. `InvalidData` if it is no ELF file for a 64-bit machine.
    pub(crate) fn read(path: &Path) -> io::Result<Elf> {
        let elf = Elf { bytes: fs::read(path)? };
        match elf.parse() {
            Some(_) => Ok(elf),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn parse(&self) -> Option<ElfFile64<'_, Endianness>> {
        ElfFile64::parse(self.bytes.as_slice()).ok()
    }

    /// The machine it is for.
    pub(crate) fn machine(&self) -> Option<elf::Machine> {
        self.parse().map(|file| file.elf_header().e_machine(file.endian()))
    }

    /// The dynamic loader that it asks for; `None` if it is linked statically.
    pub(crate) fn loader(&self) -> Option<PathBuf> {
        let file = self.parse()?;
        let endian = file.endian();
        let headers = file.elf_header().program_headers(endian, self.bytes.as_slice()).ok()?;
        let name = headers.iter().find_map(|h| h.interpreter(endian, self.bytes.as_slice()).ok().flatten())?;
        Some(PathBuf::from(OsString::from_vec(name.to_vec())))
    }

    /// True if it defines the symbol, for the dynamic loader or for a debugger.
    pub(crate) fn defines(&self, name: &str) -> bool {
        let Some(file) = self.parse() else { return false };
        let is = |symbol: &object::read::elf::ElfSymbol64<'_, '_, Endianness>| {
            symbol.is_definition() && symbol.name_bytes().is_ok_and(|n| n == name.as_bytes())
        };
        file.dynamic_symbols().any(|s| is(&s)) || file.symbols().any(|s| is(&s))
    }

    /// True if it exports the symbol, to libraries and add-ons.
    pub(crate) fn exports(&self, name: &str) -> bool {
        let Some(file) = self.parse() else { return false };
        file.dynamic_symbols().any(|s| s.is_definition() && s.name_bytes().is_ok_and(|n| n == name.as_bytes()))
    }
}
