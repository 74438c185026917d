//! Reads what a guide tells its reader to do: commands to run, files to write, changes to make in them.
//!
//! A block of `sh` is run. Any other block stands for a file where the line before it is the file's path in backticks and
//! a colon: the file's whole text, or, in a block of `diff`, changes of it. `### In Rust` and its like begin what only
//! readers of that language do, up to the next heading.

use anyhow::{Context as _, Result, ensure};

/// Something that the reader does.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Runs a line in a shell; the exit code that its comment promises.
    Run { line: String, exit: i32 },
    /// Writes a file.
    Write { path: String, text: String },
    /// Changes a file.
    Change { path: String, diff: String },
}

/// A deed, and the heading that it stands under.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) section: String,
    pub(super) deed: Deed,
}

/// What a reader who writes in this language does, up to the section that only explains.
pub(super) fn steps(guide: &str, language: &str, end: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let (mut section, mut is_ours, mut before) = (String::new(), true, "");
    let mut lines = guide.lines();
    while let Some(line) = lines.next() {
        if line == end {
            return Ok(steps);
        }
        if let Some(kind) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let deeds = if is_ours {
                deeds(kind, before, &block)?
            } else {
                Vec::new()
            };
            let section = || section.clone();
            steps.extend(deeds.into_iter().map(|deed| Step {
                section: section(),
                deed,
            }));
        } else if let Some(heading) = line.strip_prefix("## ") {
            (section, is_ours) = (heading.to_owned(), true);
        } else if let Some(heading) = line.strip_prefix("### ") {
            is_ours = heading
                .strip_prefix("In ")
                .is_none_or(|named| named.eq_ignore_ascii_case(language));
        }
        if !line.is_empty() {
            before = line;
        }
    }
    anyhow::bail!("the guide has no `{end}`")
}

fn deeds(kind: &str, before: &str, block: &[&str]) -> Result<Vec<Deed>> {
    let text = || block.iter().flat_map(|line| [*line, "\n"]).collect::<String>();
    let path = before.strip_prefix('`').and_then(|rest| rest.strip_suffix("`:"));
    Ok(match (kind, path) {
        ("sh", None) => block.iter().map(|line| run(line)).collect::<Result<_>>()?,
        ("diff", Some(path)) => vec![Deed::Change {
            path: path.to_owned(),
            diff: text(),
        }],
        (_, Some(path)) if kind != "sh" => vec![Deed::Write {
            path: path.to_owned(),
            text: text(),
        }],
        _ => anyhow::bail!("a block of `{kind}` stands behind `{before}`: nobody knows what to do with it"),
    })
}

/// `nhi check plan.json   # exit code 1: why`.
fn run(line: &str) -> Result<Deed> {
    let (command, comment) = line.split_once(" # ").unwrap_or((line, ""));
    let exit = match comment.trim().strip_prefix("exit code ") {
        Some(rest) => {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
            digits.parse().with_context(|| format!("the exit code in `{line}`"))?
        }
        None => 0,
    };
    Ok(Deed::Run {
        line: command.trim().to_owned(),
        exit,
    })
}

/// Makes the changes of a diff: each part, up to `@@`, says which lines become which; they have to be there once.
pub(super) fn change(text: &str, diff: &str) -> Result<String> {
    let mut changed = text.to_owned();
    for part in diff.split("@@\n") {
        let side = |own: char| -> String {
            let lines = part.lines().filter(|line| line.starts_with([' ', own]));
            lines
                .flat_map(|line| [line.get(1..).unwrap_or_default(), "\n"])
                .collect()
        };
        let (old, new) = (side('-'), side('+'));
        ensure!(
            !old.is_empty() && old != new,
            "a part of the diff changes nothing:\n{part}"
        );
        let count = changed.matches(&old).count();
        ensure!(
            count == 1,
            "this is there {count} times and not once:\n{old}\nin\n{changed}"
        );
        changed = changed.replacen(&old, &new, 1);
    }
    Ok(changed)
}

#[test]
fn a_guide_is_read_as_its_reader_reads_it() {
    let guide = "# T\n## One\n```sh\ncd a\nnhi check   # exit code 12: why # not\n```\n`a/b.rs`:\n\n```rust\nx\n```\n### In \
                 Rust\n`c`:\n```diff\n-x\n+y\n```\n### In Python\n`d`:\n```python\nz\n```\n### Both\n`e`:\n```hcl\n```\n## End\n";
    let steps = steps(guide, "rust", "## End").unwrap();
    let run = |line: &str, exit| Deed::Run {
        line: line.to_owned(),
        exit,
    };
    let write = |path: &str, text: &str| Deed::Write {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let wanted = [
        run("cd a", 0),
        run("nhi check", 12),
        write("a/b.rs", "x\n"),
        Deed::Change {
            path: "c".to_owned(),
            diff: "-x\n+y\n".to_owned(),
        },
        write("e", ""),
    ];
    assert!(steps.iter().map(|step| &step.deed).eq(&wanted), "{steps:?}");
    assert!(steps.iter().all(|step| step.section == "One"));
    for wrong in [
        "```hcl\n```\n",
        "`a`:\n```sh\nls\n```\n",
        "```sh\nls # exit code x\n```\n",
    ] {
        assert!(
            self::steps(&format!("{wrong}## End\n"), "rust", "## End").is_err(),
            "{wrong}"
        );
    }
    assert!(
        self::steps("", "rust", "## End").is_err(),
        "the walk must not go on into what explains"
    );
}

#[test]
fn a_diff_changes_what_is_there_once() {
    let text = "a\nb\nc\nb\nd\n";
    assert_eq!(
        change(text, " a\n-b\n+x\n@@\n-d\n+e\n+f\n").unwrap(),
        "a\nx\nc\nb\ne\nf\n"
    );
    for wrong in ["-b\n+x\n", "-q\n+x\n", "+x\n", " a\n", "-a\n+a\n"] {
        assert!(change(text, wrong).is_err(), "{wrong}");
    }
}
