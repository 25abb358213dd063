//! C files to objects and programs, in parallel, and only what changed.

use crate::sources;
use parking_lot::Mutex;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One way to compile: a folder for the objects, flags, and headers whose change makes every object stale.
#[derive(Debug)]
pub struct Compiler {
    cc: String,
    out: PathBuf,
    flags: Vec<String>,
    key: u64,
}

impl Compiler {
    /// Objects go to `out`; the .h files in the `headers` folders count as input of every object.
    pub fn new(cc: String, out: PathBuf, flags: Vec<String>, headers: &[PathBuf]) -> Result<Self, String> {
        std::fs::create_dir_all(&out).map_err(|e| format!("cannot create {}: {e}", out.display()))?;
        let mut hasher = DefaultHasher::new();
        (&cc, &flags).hash(&mut hasher);
        for folder in headers {
            hash_headers(folder, &mut hasher)?;
        }
        Ok(Self { cc, out, flags, key: hasher.finish() })
    }

    /// A number that changes with the flags and the headers.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// Compiles the files that changed, as many at a time as there are processors, and gives all objects.
    pub fn objects(&self, files: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
        let queue = Mutex::new(files.iter());
        let errors = Mutex::new(Vec::new());
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    loop {
                        let next = queue.lock().next();
                        let Some(file) = next else { break };
                        if let Err(error) = self.object(file) {
                            errors.lock().push(error);
                        }
                    }
                });
            }
        });
        let errors = errors.into_inner();
        if errors.is_empty() { Ok(files.iter().map(|file| self.path(file)).collect()) } else { Err(errors.join("\n")) }
    }

    fn object(&self, file: &Path) -> Result<(), String> {
        let mut hasher = DefaultHasher::new();
        (self.key, sources::read(file)?).hash(&mut hasher);
        let object = self.path(file);
        once(&object, hasher.finish(), || {
            let mut command = Command::new(&self.cc);
            command.args(&self.flags).arg("-c").arg(file).arg("-o").arg(&object);
            run(&mut command)
        })
    }

    fn path(&self, file: &Path) -> PathBuf {
        self.out.join(file.file_name().unwrap_or_default()).with_extension("o")
    }
}

/// The C compiler: `CC`, or `cc`.
pub fn cc() -> String {
    std::env::var("CC").unwrap_or_else(|_| "cc".to_string())
}

/// Makes `product` unless it was made from input with the same key.
pub fn once(product: &Path, key: u64, make: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let mut stamp = product.as_os_str().to_owned();
    stamp.push(".key");
    let stamp = PathBuf::from(stamp);
    let key = format!("{key:016x}");
    if product.exists() && std::fs::read_to_string(&stamp).is_ok_and(|old| old == key) {
        return Ok(());
    }
    let _ = std::fs::remove_file(&stamp);
    make()?;
    std::fs::write(&stamp, key).map_err(|e| format!("cannot write {}: {e}", stamp.display()))
}

/// A number for the contents of a file.
pub fn file_key(path: &Path) -> Result<u64, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    Ok(hasher.finish())
}

/// Runs a tool that has to succeed; the error shows what it said.
pub fn run(command: &mut Command) -> Result<(), String> {
    output(command).map(|_| ())
}

/// Runs a tool that has to succeed and gives its output.
pub fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|e| format!("cannot start {:?}: {e}", command.get_program()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{command:?}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

fn hash_headers(folder: &Path, hasher: &mut DefaultHasher) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            hash_headers(&path, hasher)?;
        } else if path.extension().is_some_and(|ext| ext == "h") {
            (&path, sources::read(&path)?).hash(hasher);
        }
    }
    Ok(())
}
