//! Every relative link of a page leads to a file of the repository.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Complaint, Source};

pub(super) fn check(sources: &[Source]) -> Vec<Complaint> {
    let mut places: BTreeSet<&str> = BTreeSet::new();
    for source in sources {
        places.insert(&source.path);
        places.extend(
            source
                .path
                .match_indices('/')
                .filter_map(|(at, _)| source.path.get(..at)),
        );
    }
    let mut complaints = Vec::new();
    for page in sources.iter().filter(|source| is_page(&source.path)) {
        for target in targets(&page.text) {
            let is_there = resolve(&page.path, target).is_some_and(|path| path.is_empty() || places.contains(&*path));
            if !is_there {
                complaints.push(format!("{}: the link to `{target}` leads nowhere", page.path));
            }
        }
    }
    complaints
}

fn is_page(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "md")
}

/// The relative targets of `[text](target)`, without fragment; code is left out.
fn targets(text: &str) -> Vec<&str> {
    let mut targets = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        if is_code {
            continue;
        }
        // Between backticks stands code: every second part.
        for part in line.split('`').step_by(2) {
            targets.extend(part.split("](").skip(1).filter_map(|rest| rest.split(')').next()));
        }
    }
    let foreign = |target: &&str| target.contains("://") || target.starts_with('#') || target.starts_with("mailto:");
    targets.retain(|target| !foreign(target));
    targets
        .into_iter()
        .filter_map(|target| target.split('#').next())
        .collect()
}

/// A target as a path from the root; `None` when it leaves the repository.
fn resolve(page: &str, target: &str) -> Option<String> {
    let folder = page.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;

    fn complaints(link: &str) -> Vec<Complaint> {
        let page = format!("See [it]({link}).\n");
        check(&fake(&[
            ("docs/guides/a.md", &page),
            ("docs/b.md", ""),
            ("LICENSE", ""),
        ]))
    }

    #[test]
    fn a_link_leads_somewhere() {
        for good in [
            "../b.md",
            "../b.md#part",
            "a.md",
            "../../LICENSE",
            "..",
            "#part",
            "https://example.org/x",
        ] {
            assert_eq!(complaints(good), Vec::<String>::new(), "{good}");
        }
        for bad in ["b.md", "../c.md", "../../../LICENSE", "../b"] {
            assert_eq!(complaints(bad).len(), 1, "{bad}");
        }
    }

    #[test]
    fn links_in_code_do_not_count_and_links_on_code_do() {
        assert!(targets("`[x](y)`\n```\n[x](z)\n```\n").is_empty());
        assert_eq!(targets("[`x`](y) and [z](w#v)"), ["y", "w"]);
    }
}
