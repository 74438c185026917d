//! Masks to paths: `after_unknown` and `after_sensitive` mirror the values with `true` where they apply.

use std::borrow::Cow;

use crate::json;

/// Bytes of all paths that one mask may become; a mask beyond it counts for the whole value.
const PATHS_BYTES_MAX: usize = 8 << 20;

/// The paths at which `mask` is true. A mask that cannot be read counts for the whole value.
pub(crate) fn paths<'a>(mask: Option<&str>) -> Vec<Cow<'a, str>> {
    let whole = || vec![Cow::Borrowed("")];
    match mask {
        None | Some("{}" | "false" | "[]") => return Vec::new(),
        Some("true") => return whole(),
        Some(text) if !text.contains("true") => return Vec::new(),
        Some(_) => {}
    }
    let Ok(document) = json::parse(mask.unwrap_or_default()) else {
        return whole();
    };
    let (mut paths, mut bytes) = (Vec::new(), 0);
    document.root().walk_leaves(|trail, leaf| {
        if leaf.as_bool() == Some(true) && bytes <= PATHS_BYTES_MAX {
            let path = trail.path();
            bytes += path.len() + size_of::<String>();
            paths.push(Cow::Owned(path));
        }
    });
    if bytes > PATHS_BYTES_MAX { whole() } else { paths }
}

/// The paths of both masks, each once.
pub(crate) fn paths_of_both<'a>(first: Option<&str>, second: Option<&str>) -> Vec<Cow<'a, str>> {
    let mut all = paths(first);
    if first != second {
        all.extend(paths(second));
        all.sort_unstable();
        all.dedup();
    }
    all
}
