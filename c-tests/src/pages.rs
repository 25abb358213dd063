//! Tables in the pages of `docs/` that tests write from what they did, a row each, when `UVRING_DOCS_UPDATE=1` is set.

use crate::{library, sources};

const END: &str = "<!-- end -->";

/// Puts the row into the table of the page, in place of the one with the same first cell if there is one, of which a cell stays that is
/// empty now. The table stands between `<!-- written by NAME -->` and `<!-- end -->`, and has a head.
pub fn row(page: &str, table: &str, cells: &[&str]) -> Result<(), String> {
    if std::env::var_os("UVRING_DOCS_UPDATE").is_none() {
        return Ok(());
    }
    let path = sources::project().join("docs").join(page);
    library::locked("pages", || {
        let text = sources::read(&path)?;
        let new = with_row(&text, table, cells).ok_or_else(|| format!("{page} has no table {table}"))?;
        std::fs::write(&path, new).map_err(|e| format!("{}: {e}", path.display()))
    })
}

/// Writes a row of `docs/what-it-survives.md`: what was done, with which figures, and by which command.
pub fn survived(what: &str, figures: &str, command: &str) -> Result<(), String> {
    row("what-it-survives.md", "the tests", &[what, figures, &format!("`{command}`")])
}

fn with_row(text: &str, table: &str, cells: &[&str]) -> Option<String> {
    let start = format!("<!-- written by {table} -->\n");
    let (before, rest) = text.split_once(&start)?;
    let (inside, after) = rest.split_once(END)?;
    let key = format!("| {} |", cells.first()?);
    let mut rows: Vec<&str> = inside.lines().collect();
    let old = rows.iter().position(|row| row.starts_with(&key));
    let old_cells: Vec<&str> = old.map_or(vec![], |at| rows[at].split('|').skip(1).map(str::trim).collect());
    let merged = cells.iter().enumerate().map(|(at, &cell)| match cell {
        "" => old_cells.get(at).copied().unwrap_or_default(),
        new => new,
    });
    let row = format!("| {} |", merged.collect::<Vec<_>>().join(" | "));
    match old {
        Some(at) => rows[at] = &row,
        None => rows.push(&row),
    }
    Some(format!("{before}{start}{}\n{END}{after}", rows.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::with_row;

    #[test]
    fn a_row_takes_the_place_of_its_elder() {
        let text = "a\n<!-- written by x -->\n| what | n |\n|---|---|\n| b | 1 |\n<!-- end -->\nc\n";
        let new = with_row(text, "x", &["b", "2"]).expect("the table is there");
        assert_eq!(new, text.replace('1', "2"));
        assert_eq!(with_row(text, "x", &["b", ""]).as_deref(), Some(text));
        let new = with_row(text, "x", &["d", "3"]).expect("the table is there");
        assert_eq!(new, text.replace("<!-- end", "| d | 3 |\n<!-- end"));
        assert_eq!(with_row(text, "y", &["b", "2"]), None);
    }
}
