//! What a libuv header declares, read from its text, and the C programs that compare two headers.
//!
//! The preprocessor does the hard half: it expands the field macros and says which lines come from which file. What is
//! left is declarations ended by semicolons, and structs whose members are declarations again.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use c_tests::compile;

/// What a header declares.
pub(crate) struct Interface {
    /// Structs and unions.
    pub(crate) structs: Vec<Struct>,
    /// Names of enumerators.
    pub(crate) enumerators: Vec<String>,
    /// Functions: name and declaration.
    pub(crate) functions: Vec<(String, String)>,
    /// Typedefs that define no struct.
    pub(crate) aliases: Vec<String>,
    /// Macros: name, with parameters if it has any, and text.
    pub(crate) macros: Vec<(String, String)>,
}

/// A struct or union, as C names it, and its fields.
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
}

/// A field: the path to it, its own name, and the text that declares it.
pub(crate) struct Field {
    pub(crate) path: String,
    name: String,
    declaration: String,
}

/// Reads `uv.h` in the folder `include`.
pub(crate) fn read(include: &Path) -> Result<Interface, String> {
    let preprocess = |flag: &str| {
        let mut command = Command::new(compile::cc());
        command.args(["-E", flag, "-D_GNU_SOURCE", "-DUV_EXTERN=UV_EXTERN_HERE", "-x", "c"]).arg(include.join("uv.h"));
        compile::output(command.arg("-I").arg(include))
    };
    let mut interface = Interface {
        structs: Vec::new(),
        enumerators: Vec::new(),
        functions: Vec::new(),
        aliases: Vec::new(),
        macros: macros(&preprocess("-dM")?),
    };
    for declaration in split(&own_lines(&preprocess("-C")?, include)) {
        interface.declare(&declaration);
    }
    Ok(interface)
}

impl Interface {
    fn declare(&mut self, text: &str) {
        if let Some(function) = text.strip_prefix("UV_EXTERN_HERE ") {
            let name = function.split('(').next().and_then(last_word).unwrap_or_default();
            self.functions.push((name.to_owned(), function.to_owned()));
        } else if let Some((head, body, tail)) = braces(text) {
            let words: Vec<_> = head.split_whitespace().filter(|w| *w != "typedef").collect();
            if words[0] == "enum" {
                let names = body.split(',').filter_map(|item| item.split('=').next()).map(str::trim);
                self.enumerators.extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
            } else {
                let name = if words.len() > 1 { words[..2].join(" ") } else { tail.trim().to_owned() };
                let mut fields = Vec::new();
                members(body, "", &mut fields);
                self.structs.push(Struct { name, fields });
            }
        } else if text.starts_with("typedef ") {
            self.aliases.push(text.to_owned());
        }
    }

    /// A program that prints sizes, offsets, enumerators and macros, and does not compile where a type of a field, an
    /// alias or a function differs. `differs` names the fields that are left out.
    pub(crate) fn program(&self, differs: &[&str]) -> String {
        let mut text = String::from(PROLOGUE);
        for alias in &self.aliases {
            let _ = writeln!(text, "{alias};");
        }
        for (_, function) in &self.functions {
            let _ = writeln!(text, "{function};");
        }
        let mut main = String::new();
        for Struct { name, fields } in &self.structs {
            let _ = writeln!(main, "  SIZE({name});");
            for field in fields {
                let full = format!("{name}.{}", field.path);
                if differs.contains(&full.as_str()) {
                    continue;
                }
                let _ = writeln!(main, "  FIELD({name}, {});", field.path);
                let twin = format!("uv_test_{}", main.len());
                let _ = writeln!(text, "extern {};\nSAME({name}, {}, {twin});", field.renamed(&twin), field.path);
            }
        }
        for name in &self.enumerators {
            let _ = writeln!(main, "  SHOW({name});");
        }
        for (name, value) in &self.macros {
            if is_value(name, value) {
                let _ = writeln!(main, "  SHOW({name});");
            }
        }
        text + "int main(void) {\n" + &main + EPILOGUE
    }
}

impl Field {
    fn renamed(&self, name: &str) -> String {
        let at = self.declaration.match_indices(&self.name).filter(|(at, _)| {
            let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            let after = self.declaration[at + self.name.len()..].chars().next();
            !is_word(self.declaration[..*at].chars().next_back()) && !is_word(after)
        });
        // A callback's name comes before its parameters, any other last.
        let at = if self.declaration.contains("(*") { at.min() } else { at.max() }.map_or(0, |(at, _)| at);
        format!("{}{name}{}", &self.declaration[..at], &self.declaration[at + self.name.len()..])
    }
}

/// The lines that come from files in `include`, without comments and directives, as one text.
fn own_lines(preprocessed: &str, include: &Path) -> String {
    let include = format!("\"{}", include.display());
    let mut own = false;
    let mut text = String::new();
    for line in preprocessed.lines() {
        if let Some(marker) = line.strip_prefix("# ") {
            own = marker.split_once(' ').is_some_and(|(_, file)| file.starts_with(&include));
        } else if own && !line.starts_with('#') {
            text += line;
            text.push(' ');
        }
    }
    without_comments(&text)
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once("*/").map_or("", |(_, rest)| rest))
}

/// The declarations in a text: what lies between semicolons outside braces.
fn split(text: &str) -> Vec<String> {
    let mut depth = 0;
    let mut declarations = vec![String::new()];
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c == ';' && depth == 0 {
            declarations.push(String::new());
        } else if let Some(last) = declarations.last_mut() {
            last.push(c);
        }
    }
    let tidy = |d: &String| d.split_whitespace().collect::<Vec<_>>().join(" ");
    declarations.iter().map(tidy).filter(|d| !d.is_empty()).collect()
}

/// What stands before, in and behind the outermost braces.
fn braces(text: &str) -> Option<(&str, &str, &str)> {
    let (open, close) = (text.find('{')?, text.rfind('}')?);
    Some((&text[..open], &text[open + 1..close], &text[close + 1..]))
}

fn members(body: &str, prefix: &str, fields: &mut Vec<Field>) {
    for declaration in split(body) {
        if let Some((_, inner, name)) = braces(&declaration) {
            let name = name.trim();
            members(inner, &if name.is_empty() { prefix.to_owned() } else { format!("{prefix}{name}.") }, fields);
            continue;
        }
        let declarator = match declaration.split_once("(*") {
            Some((_, rest)) => rest.split(')').next(),
            None => declaration.split('[').next(),
        };
        let name = declarator.and_then(last_word).unwrap_or_default().to_owned();
        fields.push(Field { path: format!("{prefix}{name}"), name, declaration });
    }
}

fn last_word(text: &str) -> Option<&str> {
    text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').find(|word| !word.is_empty())
}

/// The macros of libuv among all that are defined, sorted.
fn macros(definitions: &str) -> Vec<(String, String)> {
    let mut macros: Vec<_> = definitions
        .lines()
        .filter_map(|line| line.strip_prefix("#define "))
        .map(|line| line.split_once(' ').unwrap_or((line, "")))
        .filter(|(name, _)| name.to_lowercase().starts_with("uv") || *name == "HAVE_DIRENT_TYPES")
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    macros.sort();
    macros
}

/// Whether a macro stands for a value that a program can print. `UV__ERR` is undefined again at the end of the header.
fn is_value(name: &str, text: &str) -> bool {
    let is_code = name.ends_with("_FIELDS") || ["UV_EXTERN", "UV_PLATFORM_SEM_T"].contains(&name);
    !text.is_empty() && !name.contains('(') && !is_code && !text.contains("UV__ERR")
}

const PROLOGUE: &str = r#"
#include "uv.h"

static void show_int(const char *name, long long value) { printf("%s = %lld\n", name, value); }
static void show_double(const char *name, double value) { printf("%s = %g\n", name, value); }
static void show_text(const char *name, const char *value) { printf("%s = \"%s\"\n", name, value); }

#define SHOW(x) _Generic((x), char *: show_text, float: show_double, double: show_double, default: show_int)(#x, x)
#define SIZE(type) printf("%s: %zu, aligned to %zu\n", #type, sizeof(type), _Alignof(type))
#define FIELD(type, field) \
  printf("%s.%s at %zu, %zu long\n", #type, #field, offsetof(type, field), sizeof(((type *) 0)->field))
#define SAME(type, field, twin) \
  _Static_assert(__builtin_types_compatible_p(__typeof__(((type *) 0)->field), __typeof__(twin)), #type "." #field)
"#;

const EPILOGUE: &str = r#"
#define XX(name, text) printf("%s %s\n", #name, text);
  UV_ERRNO_MAP(XX)
#undef XX
#define XX(uc, lc) printf("%s %s %d %zu\n", #uc, #lc, UV_##uc, sizeof(uv_##lc##_t));
  UV_HANDLE_TYPE_MAP(XX)
  UV_REQ_TYPE_MAP(XX)
#undef XX
  printf("%zu %zu\n", sizeof(union uv_any_handle), sizeof(union uv_any_req));
  return 0;
}
"#;
