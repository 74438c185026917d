//! Reads JSON that has exactly one way to be written.
//!
//! What is signed or digested is compared with its own canonical form, so that a member that is unknown, written twice
//! or in another order, white space, and anything after the end are all refused at once.

use nhi_governance::{Code, canonical_json};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::code::Problem;

/// The largest whole number that every reader of JSON holds exactly (RFC 8785, section 3.2.2.3).
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// The canonical text of a value of ours.
pub(crate) fn canonical(value: &impl Serialize) -> String {
    // INVARIANT: the types serialise to strings, lists and objects with string keys, which cannot fail; were it to,
    // `null` could not be read back as any of them.
    canonical_json(&serde_json::to_value(value).unwrap_or_default())
}

/// Reads a value whose text has to be canonical; one line break may stand at its end.
pub(crate) fn read<T: Serialize + DeserializeOwned>(
    code: &'static Code,
    what: &str,
    help: &str,
    bytes: &[u8],
) -> Result<T, Problem> {
    let refuse = |why: String| Problem::new(code, format!("{what} {why}"), help);
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("is not UTF-8".to_owned()))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let value: T = serde_json::from_str(text).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let generic: Value = serde_json::from_str(text).map_err(|error| refuse(format!("cannot be read: {error}")))?;
    if let Some(number) = inexact(&generic) {
        return Err(refuse(format!(
            "has the number {number}, which is not a whole number below 2^53"
        )));
    }
    if canonical(&value) != text {
        return Err(refuse(
            "is not in canonical form: a member is unknown, stands twice, or is written in another way".to_owned(),
        ));
    }
    Ok(value)
}

/// A number that readers of JSON may take for another one.
pub(crate) fn inexact(value: &Value) -> Option<&Value> {
    match value {
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            let is_exact = magnitude.is_some_and(|magnitude| magnitude <= INTEGER_MAX);
            (!is_exact).then_some(value)
        }
        Value::Array(elements) => elements.iter().find_map(inexact),
        Value::Object(members) => members.values().find_map(inexact),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use nhi_governance::canonical_json;
    use serde_json::Value;

    use super::{inexact, read};
    use crate::code::INVALID;

    /// The test data of <https://github.com/cyberphone/json-canonicalization>, which RFC 8785 refers to.
    #[test]
    fn published_vectors() {
        let vectors = [
            (
                "[\n  56,\n  {\n    \"d\": true,\n    \"10\": null,\n    \"1\": [ ]\n  }\n]",
                "[56,{\"1\":[],\"10\":null,\"d\":true}]",
            ),
            (
                "{\"peach\":\"This sorting order\",\"péché\":\"is wrong according to French\",\"pêche\":\"but canonicalization MUST\",\"sin\":\"ingnore locale\"}",
                "{\"peach\":\"This sorting order\",\"péché\":\"is wrong according to French\",\"pêche\":\"but canonicalization MUST\",\"sin\":\"ingnore locale\"}",
            ),
            (
                "{\n  \"Unnormalized Unicode\":\"\\u1e0d\\u0307\"\n}\n",
                "{\"Unnormalized Unicode\":\"\u{1e0d}\u{307}\"}",
            ),
            (
                "{\"\\u20ac\":\"Euro Sign\",\"1\":\"One\",\"\\u0080\":\"Control\\u007f\",\"\\ud83d\\ude02\":\"Smiley\",\"\\u00f6\":\"Latin Small Letter O With Diaeresis\",\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"</script>\":\"Browser Challenge\"}",
                "{\"1\":\"One\",\"</script>\":\"Browser Challenge\",\"\u{80}\":\"Control\u{7f}\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😂\":\"Smiley\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
            ),
            (
                "{\"escaping\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\"literals\": [null, true, false]}",
                "{\"escaping\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\",\"literals\":[null,true,false]}",
            ),
            (
                "{\"1\": {\"f\": {\"f\": \"hi\",\"F\": 5} ,\"\\n\": 56},\"10\": { },\"\": \"empty\",\"a\": { },\"111\": [ { } ],\"A\": { }}",
                "{\"\":\"empty\",\"1\":{\"\\n\":56,\"f\":{\"F\":5,\"f\":\"hi\"}},\"10\":{},\"111\":[{}],\"A\":{},\"a\":{}}",
            ),
        ];
        for (input, output) in vectors {
            let value: Value = serde_json::from_str(input).unwrap();
            assert_eq!(canonical_json(&value), output, "{input}");
            assert_eq!(inexact(&value), None, "{input}");
        }
    }

    /// Numbers that RFC 8785 would have to format are refused instead, those of its test data among them.
    #[test]
    fn numbers() {
        for bad in [
            "56.0",
            "1E30",
            "4.50",
            "333333333.33333329",
            "2e-3",
            "0.000000000000000000000000001",
            "-0",
            "1e0",
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551616",
        ] {
            let value: Value = serde_json::from_str(&format!("[{{\"n\":{bad}}}]")).unwrap();
            assert!(inexact(&value).is_some(), "{bad}");
        }
        for good in ["0", "1", "-1", "9007199254740991", "-9007199254740991"] {
            let value: Value = serde_json::from_str(good).unwrap();
            assert_eq!(inexact(&value), None, "{good}");
            assert_eq!(canonical_json(&value), good);
        }
    }

    #[test]
    fn only_the_canonical_text_is_read() {
        let read = |text: &str| read::<Value>(&INVALID, "it", "", text.as_bytes());
        for good in ["{\"a\":1,\"b\":[]}", "{\"a\":1,\"b\":[]}\n"] {
            assert!(read(good).is_ok(), "{good}");
        }
        for bad in [
            "{\"b\":[],\"a\":1}",
            "{\"a\":1, \"b\":[]}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1}\n\n",
            " {\"a\":1}",
            "{\"a\":1}x",
            "{\"a\":\"\\u0061\"}",
            "{\"a\":1.5}",
            "\u{feff}{}",
            "",
            "{\"a\":1}\r\n",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
