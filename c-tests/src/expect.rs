//! The committed lists of the tests that are known not to pass yet, with the reason: one for libuv's suite, one for our own.
//!
//! A listed test that passes is an error, so a list can only shrink. `UVRING_SUITE_UPDATE=1` writes it anew.

use crate::sources;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

const HEAD: &str = "\
# Tests that do not pass yet, by driver, each with what it lacks. A listed test that passes is an error.
# To write this file anew: UVRING_SUITE_UPDATE=1 cargo test -p c-tests --test TARGET -- [FILTER]
";

/// The reasons, by driver and test.
#[derive(Debug)]
pub struct Expect {
    path: PathBuf,
    reasons: BTreeMap<(String, String), String>,
}

impl Expect {
    /// Reads the list for a test target, `suite` or `own`; no file is an empty list.
    pub fn load(target: &str) -> Result<Self, String> {
        let path = sources::project().join(format!("c-tests/{target}-expect.toml"));
        let text = if path.exists() { sources::read(&path)? } else { String::new() };
        Self::parse(path, &text)
    }

    /// Why this test is not expected to pass, if it is listed.
    pub fn reason(&self, driver: &str, test: &str) -> Option<&str> {
        self.reasons.get(&(driver.to_string(), test.to_string())).map(String::as_str)
    }

    /// Takes over what a test did: `None` if it passed or was skipped.
    pub fn record(&mut self, driver: &str, test: &str, reason: Option<String>) {
        let key = (driver.to_string(), test.to_string());
        match reason {
            Some(reason) => self.reasons.insert(key, reason),
            None => self.reasons.remove(&key),
        };
    }

    /// Writes the list.
    pub fn save(&self) -> Result<(), String> {
        let mut text = HEAD.replace("TARGET", &self.target());
        let mut section = "";
        for ((driver, test), reason) in &self.reasons {
            if driver != section {
                let _ = writeln!(text, "\n[{driver}]");
                section = driver;
            }
            let _ = writeln!(text, "{test} = \"{}\"", reason.replace(['"', '\\', '\n'], "'"));
        }
        std::fs::write(&self.path, text).map_err(|e| format!("cannot write {}: {e}", self.path.display()))
    }

    fn target(&self) -> String {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        name.split('-').next().unwrap_or_default().to_string()
    }

    /// The subset of TOML that `save` writes.
    fn parse(path: PathBuf, text: &str) -> Result<Self, String> {
        let mut list = Self { path, reasons: BTreeMap::new() };
        let mut driver = String::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                driver = section.to_string();
            } else if let Some((test, reason)) = line.split_once(" = ") {
                list.record(&driver, test, Some(reason.trim_matches('"').to_string()));
            } else if !line.is_empty() && !line.starts_with('#') {
                return Err(format!("{}:{}: not understood: {line}", list.path.display(), index + 1));
            }
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::Expect;

    fn parse(text: &str) -> Result<Expect, String> {
        Expect::parse("list".into(), text)
    }

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        let list = parse("# head\n\n[ring]\ntcp_open = \"missing: uv_tcp_open\"\n").expect("it is well formed");
        assert_eq!(list.reason("ring", "tcp_open"), Some("missing: uv_tcp_open"));
        assert_eq!(list.reason("epoll", "tcp_open"), None);
        assert!(parse("tcp_open").is_err());
    }
}
