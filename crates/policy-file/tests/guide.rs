//! The guide shows nothing that does not work: each of its blocks is read by the reader that it is about.

#[cfg(test)]
mod tests {
    use nhi_governance::Policy;
    use nhi_policy_file::{read, read_cases, read_lock, read_modules};

    const GUIDE: &str = include_str!("../../../docs/guides/policy-file.md");
    const PINNING: &str = include_str!("../../../docs/guides/pinning-modules.md");

    /// The texts of the fenced blocks of a language.
    fn blocks(language: &str) -> Vec<&'static str> {
        blocks_of(GUIDE, language)
    }

    fn blocks_of(guide: &'static str, language: &str) -> Vec<&'static str> {
        let fence = format!("```{language}\n");
        let mut parts = guide.split(fence.as_str());
        parts.next();
        parts.map(|part| part.split("```").next().unwrap_or_default()).collect()
    }

    #[test]
    fn the_policy_and_its_case_hold() {
        let mut policy = Policy::default();
        let (mut policies, mut cases) = (0, 0);
        for block in blocks("hcl") {
            if block.starts_with("case ") {
                for case in read_cases("guide", block.as_bytes()).unwrap() {
                    assert_eq!(case.run(&policy).differences, [""; 0]);
                    cases += 1;
                }
            } else {
                policy = read("guide", block.as_bytes()).unwrap();
                policies += 1;
            }
        }
        assert_eq!((policies, cases), (1, 1));
    }

    #[test]
    fn the_modules_and_their_lock_are_of_one_piece() {
        let blocks = blocks_of(PINNING, "hcl");
        let [policy, lock] = blocks.as_slice() else {
            panic!("{blocks:?}")
        };
        let terms = read_modules("nhi.hcl", policy.as_bytes()).unwrap();
        let lock = read_lock("nhi.lock.hcl", lock.as_bytes()).unwrap();
        let (terms, locked) = (&terms.modules["naming"], &lock.modules["naming"]);
        assert_eq!(terms.source, locked.source);
        assert!(terms.version.as_ref().unwrap().allows(&locked.version));
        assert_eq!(read("nhi.hcl", policy.as_bytes()).unwrap().terms().module.len(), 1);
    }

    #[test]
    fn the_mistake_that_is_shown_is_the_one_that_is_told() {
        let faults = read("nhi.hcl", b"tier \"low\" {\n  score_form = 0\n}\n").unwrap_err();
        let told = format!("{faults}\n  help: {}\n", faults.faults[0].help);
        assert_eq!(blocks("text"), [told.as_str()]);
    }
}
