//! The pictures in the README: what the command says on a terminal. They are made here (`UVRING_PICTURES_UPDATE=1`), from what it says, and
//! it still says that: line by line it begins with the same word.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use c_tests::{library, process, sources};

type Result<T = ()> = std::result::Result<T, String>;

/// Reads a file a thousand times, one after the other.
const APP: &str = "const fs = require('fs');\n\
    (async () => { for (let i = 0; i < 1000; i++) await fs.promises.readFile(__filename); })();\n";

/// What the command says on a terminal, with the escape sequences of its colours.
fn said(args: &[&str]) -> Result<String> {
    let dir = sources::work_dir().join("pictures");
    fs::create_dir_all(&dir).and_then(|()| fs::write(dir.join("app.js"), APP)).map_err(|e| e.to_string())?;
    let mut command = Command::new(library::command()?);
    process::forget_outside(&mut command).env_remove("UVRING_LIB_DIR").env_remove("NO_COLOR");
    let output = command.args(args).current_dir(dir).env("CLICOLOR_FORCE", "1").output().map_err(|e| e.to_string())?;
    let text = [output.stderr, output.stdout].concat();
    if output.status.success() { Ok(String::from_utf8_lossy(&text).into_owned()) } else { Err("it failed".into()) }
}

/// Colours of a dark terminal, by escape sequence.
const STYLES: [(&str, &str); 4] =
    [("1", "font-weight=\"bold\""), ("2", "fill=\"#8b949e\""), ("32", "fill=\"#3fb950\""), ("33", "fill=\"#d29922\"")];

/// A terminal that shows a command and what it said.
fn picture(command: &str, said: &str) -> String {
    let lines: Vec<String> = [format!("$ {command}")].into_iter().chain(said.lines().map(str::to_owned)).collect();
    let columns = lines
        .iter()
        .map(|line| pieces(line).iter().map(|(_, text)| text.chars().count()).sum())
        .max()
        .unwrap_or(0usize);
    let (width, height) = (columns * 8 + 32, lines.len() * 18 + 28);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#0d1117\"/>\n\
         <g font-family=\"monospace\" font-size=\"13\" fill=\"#c9d1d9\" xml:space=\"preserve\">\n"
    );
    for (i, line) in lines.iter().enumerate() {
        let _ = write!(svg, "<text x=\"16\" y=\"{}\">", i * 18 + 28);
        for (style, text) in pieces(line) {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let _ = if style.is_empty() { write!(svg, "{text}") } else { write!(svg, "<tspan {style}>{text}</tspan>") };
        }
        svg += "</text>\n";
    }
    svg + "</g>\n</svg>\n"
}

/// The pieces of a line, each with its style.
fn pieces(line: &str) -> Vec<(String, &str)> {
    let mut pieces = Vec::new();
    let mut style = String::new();
    for (i, part) in line.split("\x1b[").enumerate() {
        let (code, text) = if i == 0 { ("", part) } else { part.split_once('m').unwrap_or(("", part)) };
        match STYLES.iter().find(|(number, _)| *number == code) {
            Some((_, attribute)) => style = format!("{style} {attribute}").trim().to_owned(),
            None => style.clear(),
        }
        if !text.is_empty() {
            pieces.push((style.clone(), text));
        }
    }
    pieces
}

/// The first word of each line that a picture shows.
fn first_words(svg: &str) -> Vec<String> {
    let lines = svg.lines().filter_map(|line| Some(line.strip_prefix("<text ")?.split_once('>')?.1));
    let plain = |line: &str| {
        line.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<String>()
    };
    lines.map(|line| plain(line).split_whitespace().next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn pictures_show_what_the_command_says() -> Result {
    if said(&["doctor"]).is_err() {
        eprintln!("skipped: there is no ring here, and the pictures show one");
        return Ok(());
    }
    for (name, command) in [("doctor", "uvring doctor"), ("run", "uvring run --stats -- node app.js")] {
        if name == "run" && Command::new("node").arg("--version").output().is_err() {
            eprintln!("skipped: Node.js is not installed");
            continue;
        }
        let args: Vec<&str> = command.split(' ').skip(1).collect();
        let fresh = picture(command, &said(&args)?);
        let file: PathBuf = sources::project().join("docs/pictures").join(name).with_extension("svg");
        if std::env::var_os("UVRING_PICTURES_UPDATE").is_some() {
            fs::write(&file, &fresh).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        assert_eq!(first_words(&sources::read(&file)?), first_words(&fresh), "UVRING_PICTURES_UPDATE=1 makes it anew");
    }
    Ok(())
}

#[test]
fn colours_become_attributes() {
    let svg = picture("a", "\x1b[1m\x1b[32mgood <&\x1b[0m plain");
    assert!(svg.contains("<tspan font-weight=\"bold\" fill=\"#3fb950\">good &lt;&amp;</tspan> plain</text>"), "{svg}");
    assert_eq!(first_words(&svg), ["$", "good"]);
}
