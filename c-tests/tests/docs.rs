//! The pages: every link of theirs to a file or a heading leads there, and the book (`book.toml`) has all of `docs/`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use c_tests::sources;

type Result<T = ()> = std::result::Result<T, String>;

/// The pages below a folder.
fn pages(folder: &Path) -> Result<Vec<PathBuf>> {
    files(folder, "md")
}

/// The files below a folder whose names end so.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        // What cargo and git keep, wherever it is.
        if path.is_dir() && path.join("CACHEDIR.TAG").exists() || path.ends_with(".git") || path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            found.append(&mut files(&path, extension)?);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    Ok(found)
}

/// A page's text without code, in which brackets mean something else.
fn prose(page: &Path) -> Result<String> {
    let mut fenced = false;
    let text = sources::read(page)?;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    });
    let lines: Vec<_> = lines.collect();
    Ok(lines.join("\n"))
}

/// Where the links of a text lead, and its pictures.
fn links(text: &str) -> Vec<String> {
    // Every other piece between backticks is code. Its place is kept: a link's text may be code.
    let text: String = text.split('`').enumerate().map(|(i, piece)| if i % 2 == 0 { piece } else { "code" }).collect();
    text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.trim().to_string())).collect()
}

/// The names under which a page's headings are found, as forges and mdBook make them.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: char| c.is_alphanumeric() || "-_ ".contains(c);
    headings
        .map(|heading| heading.to_lowercase().chars().filter(|&c| kept(c)).collect::<String>().replace(' ', "-"))
        .collect()
}

#[test]
fn every_link_leads_somewhere() -> Result {
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in pages(sources::project())? {
        for link in links(&prose(&page)?).into_iter().filter(|link| !link.contains("://")) {
            followed += 1;
            let (file, anchor) =
                link.split_once('#').map_or((link.as_str(), None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name("").join(file) };
            let leads = match anchor {
                _ if !target.exists() => false,
                Some(anchor) => anchors(&prose(&target)?).contains(anchor),
                None => true,
            };
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(followed > 30, "only {followed} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    Ok(())
}

#[test]
fn the_book_has_every_page_and_nothing_from_outside() -> Result {
    let docs = sources::project().join("docs");
    let summary = links(&sources::read(&docs.join("SUMMARY.md"))?);
    let twice = summary.len() - summary.iter().collect::<HashSet<_>>().len();
    assert_eq!(twice, 0, "pages are in it twice");
    for page in pages(&docs)? {
        let name = page.strip_prefix(&docs).map_err(|e| e.to_string())?.to_string_lossy().into_owned();
        assert!(name == "SUMMARY.md" || summary.contains(&name), "docs/SUMMARY.md has no {name}");
        for link in links(&prose(&page)?).iter().filter(|link| !link.contains("://")) {
            let file = link.split('#').next().unwrap_or_default();
            let target = page.with_file_name("").join(file).canonicalize().map_err(|e| format!("{link}: {e}"))?;
            assert!(file.is_empty() || target.starts_with(&docs), "{name} leads out of the book: {link}");
        }
    }
    Ok(())
}

/// A point of `docs/differences.md` ends with the tests that hold it.
#[test]
fn every_difference_has_its_tests() -> Result {
    let root = sources::project();
    let mut tests: HashSet<String> = sources::c_files("c-tests/own")?
        .iter()
        .filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned()))
        .collect();
    for folder in ["src", "c-tests/tests", "preload/tests"] {
        for file in files(&root.join(folder), "rs")? {
            let text = sources::read(&file)?;
            let functions =
                text.split("#[test]").skip(1).filter_map(|rest| rest.split_once("fn ")?.1.split('(').next());
            tests.extend(functions.map(str::to_owned));
        }
    }
    let page = sources::read(&root.join("docs/differences.md"))?;
    let points = page.split("\n- ").skip(1).map(|rest| rest.split("\n\n").next().unwrap_or(rest));
    let points: Vec<String> = points.map(|point| point.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert!(points.len() > 30, "only {} points were found", points.len());
    for point in points {
        let named = point.rsplit_once("(test: ").or_else(|| point.rsplit_once("(tests: "));
        let (_, named) = named.ok_or(format!("no \"(test: `NAME`)\" at the end of: {point}"))?;
        let unknown = named.split('`').skip(1).step_by(2).find(|name| !tests.contains(*name));
        assert_eq!(unknown, None, "there is no such test, but it is named in: {point}");
    }
    Ok(())
}

#[test]
fn links_and_headings_are_read_as_forges_read_them() {
    let text = "## Ring, or `epoll`?\n[a](b.md#c) ![p](q.svg) `[x](y)` [`code` d\ne](f)";
    assert_eq!(links(text), ["b.md#c", "q.svg", "f"]);
    assert!(anchors(text).contains("ring-or-epoll"));
}
