//! The pages: every link of theirs to a file or a heading leads there, and the book (`book.toml`) has all of `docs/`.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use c_tests::sources;

type Result<T = ()> = std::result::Result<T, String>;

/// The pages below a folder.
fn pages(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        // What cargo and git keep, wherever it is.
        if path.is_dir() && path.join("CACHEDIR.TAG").exists() || path.ends_with(".git") || path.ends_with("target") {
            continue;
        }
        if path.is_dir() {
            found.append(&mut pages(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "md") {
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

#[test]
fn links_and_headings_are_read_as_forges_read_them() {
    let text = "## Ring, or `epoll`?\n[a](b.md#c) ![p](q.svg) `[x](y)` [`code` d\ne](f)";
    assert_eq!(links(text), ["b.md#c", "q.svg", "f"]);
    assert!(anchors(text).contains("ring-or-epoll"));
}
