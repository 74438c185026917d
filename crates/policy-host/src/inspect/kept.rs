//! Facts as bytes, so that what was found out about a module once is kept beside its machine code.
//!
//! Only this program writes them and only under a tag of this user's key; what does not read back as it was written is
//! found out again.

use super::Facts;

/// Facts as bytes.
pub(crate) fn write(facts: &Facts) -> Vec<u8> {
    let mut out = Vec::new();
    for number in [facts.bytes, facts.functions, facts.data_segments, facts.core_modules] {
        put_number(&mut out, number);
    }
    put_list(&mut out, facts.abi.iter().map(String::as_bytes));
    put_list(&mut out, facts.imports.iter().map(String::as_bytes));
    put_list(&mut out, facts.exports.iter().map(String::as_bytes));
    let producers = facts.producers.iter();
    let flat: Vec<&[u8]> = producers
        .flat_map(|(name, version)| [name.as_bytes(), version.as_bytes()])
        .collect();
    put_list(&mut out, flat.into_iter());
    put_list(&mut out, facts.dependencies.iter().map(Vec::as_slice));
    out
}

/// The facts that were written; `None` if these are not all of them.
pub(crate) fn read(bytes: &[u8]) -> Option<Facts> {
    let mut rest = bytes;
    let mut facts = Facts {
        bytes: take_number(&mut rest)?,
        functions: take_number(&mut rest)?,
        data_segments: take_number(&mut rest)?,
        core_modules: take_number(&mut rest)?,
        ..Facts::default()
    };
    facts.abi = take_texts(&mut rest)?.pop();
    facts.imports = take_texts(&mut rest)?;
    facts.exports = take_texts(&mut rest)?;
    let mut producers = take_texts(&mut rest)?.into_iter();
    while let Some(name) = producers.next() {
        facts.producers.push((name, producers.next()?));
    }
    facts.dependencies = take_list(&mut rest)?.pop().map(<[u8]>::to_vec);
    rest.is_empty().then_some(facts)
}

fn put_number(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&u64::try_from(number).unwrap_or(u64::MAX).to_le_bytes());
}

fn put_list<'i>(out: &mut Vec<u8>, items: impl Iterator<Item = &'i [u8]>) {
    let items: Vec<&[u8]> = items.collect();
    put_number(out, items.len());
    for item in items {
        put_number(out, item.len());
        out.extend_from_slice(item);
    }
}

fn take_number(rest: &mut &[u8]) -> Option<usize> {
    let (number, after) = rest.split_first_chunk::<8>()?;
    *rest = after;
    usize::try_from(u64::from_le_bytes(*number)).ok()
}

fn take_list<'b>(rest: &mut &'b [u8]) -> Option<Vec<&'b [u8]>> {
    let count = take_number(rest)?;
    let mut items = Vec::new();
    for _ in 0..count {
        let length = take_number(rest)?;
        let (item, after) = rest.split_at_checked(length)?;
        *rest = after;
        items.push(item);
    }
    Some(items)
}

fn take_texts(rest: &mut &[u8]) -> Option<Vec<String>> {
    let items = take_list(rest)?.into_iter();
    items.map(|item| String::from_utf8(item.to_vec()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Facts {
        let text = |text: &str| text.to_owned();
        Facts {
            bytes: 7,
            abi: Some(text("1.0.0")),
            imports: vec![],
            exports: vec![text("nhi:policy/policy@1.0.0"), text("")],
            producers: vec![(text("rustc"), text("1.95")), (text("JavaScript"), text(""))],
            functions: 20_000,
            data_segments: 3,
            dependencies: Some(vec![0, 255, 1]),
            core_modules: 5,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for facts in [some(), Facts::default()] {
            assert_eq!(read(&write(&facts)), Some(facts));
        }
    }

    #[test]
    fn what_is_not_whole_is_not_read() {
        let bytes = write(&some());
        for end in 0..bytes.len() {
            assert_eq!(read(bytes.get(..end).unwrap()), None, "{end}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(read(&longer), None);
        // A count that nothing can hold takes no memory.
        let mut endless = vec![0; 32];
        endless.extend_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(read(&endless), None);
    }
}
