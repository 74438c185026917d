//! Canonical JSON and digests, so that one content has one digest.
//!
//! The JSON Canonicalization Scheme, <https://www.rfc-editor.org/rfc/rfc8785>: members are sorted by the UTF-16 code units
//! of their names, there is no white space, and a number has the text that ECMAScript gives it. A whole number that no
//! double holds keeps all of its digits, which the scheme leaves to applications: two of them never become one.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Digest as _;

/// A SHA-256 digest, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// The text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a digest of 64 lower-case hexadecimal digits")]
pub struct NotADigest;

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Parses 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, NotADigest> {
        let nibble = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(NotADigest),
        };
        let mut bytes = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(NotADigest);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Digest {
    type Error = NotADigest;

    fn try_from(text: String) -> Result<Self, NotADigest> {
        Self::parse(&text)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// The canonical text of a value.
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// What a signature is made over, the "pre-authentication encoding" of DSSE 1.0.0, so that nothing is read before it is
/// verified: <https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md>.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

// Recursion is bounded: the values are our own records, whose depth is that of the types.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
            text.push('{');
            for (position, (name, member)) in members.into_iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(member, text);
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for (position, element) in elements.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write(element, text);
            }
            text.push(']');
        }
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(double) => write_double(double, text),
            None => text.push_str(&number.to_string()),
        },
        scalar => text.push_str(&scalar.to_string()),
    }
}

/// `Number::toString` of ECMAScript, <https://262.ecma-international.org/10.0/#sec-tostring-applied-to-the-number-type>: the
/// shortest digits that read back as the same double, without an exponent from 1e-6 to below 1e21. JSON has nothing
/// but finite numbers.
fn write_double(double: f64, text: &mut String) {
    if double == 0.0 {
        text.push('0');
        return;
    }
    if double < 0.0 {
        text.push('-');
    }
    let (digits, exponent) = shortest(double.abs());
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    match exponent {
        0..=20 if count <= exponent + 1 => {
            text.push_str(&digits);
            text.push_str(&zeros(exponent + 1 - count));
        }
        0..=20 => {
            let (whole, part) = digits.split_at(usize::try_from(exponent + 1).unwrap_or_default());
            text.extend([whole, ".", part]);
        }
        -6..=-1 => text.extend(["0.", &zeros(-exponent - 1), &digits]),
        _ => {
            let (first, rest) = digits.split_at(1.min(digits.len()));
            let point = if rest.is_empty() { "" } else { "." };
            let sign = if exponent < 0 { "" } else { "+" };
            text.extend([first, point, rest, "e", sign, &exponent.to_string()]);
        }
    }
}

/// The shortest digits that read back as the same double, the closest of these and the even one of two, as `serde_json`
/// finds them; and the exponent of ten of the first.
fn shortest(double: f64) -> (String, i32) {
    let text = Value::from(double).to_string();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{part}");
    let digits = all.trim_start_matches('0');
    let zeros = all.len() - digits.len();
    let places = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let exponent = exponent.parse::<i32>().unwrap_or_default() + places(whole.len()) - 1 - places(zeros);
    (digits.trim_end_matches('0').to_owned(), exponent)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Digest, canonical_json};

    /// <https://github.com/cyberphone/json-canonicalization>, `testdata`: what comes in and what comes out.
    const PUBLISHED: [(&str, &str, &str); 6] = [
        (
            "arrays",
            r#"[ 56, { "d": true, "10": null, "1": [ ] } ]"#,
            r#"[56,{"1":[],"10":null,"d":true}]"#,
        ),
        (
            "french",
            r#"{ "peach": "This sorting order", "péché": "is wrong according to French", "pêche": "but canonicalization MUST", "sin": "ingnore locale" }"#,
            r#"{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ingnore locale"}"#,
        ),
        (
            "structures",
            r#"{ "1": {"f": {"f": "hi","F": 5} ,"\n": 56.0}, "10": { }, "": "empty", "a": { }, "111": [ { } ], "A": { } }"#,
            r#"{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{}],"A":{},"a":{}}"#,
        ),
        (
            "unicode",
            r#"{ "Unnormalized Unicode":"\u1e0d\u0307" }"#,
            "{\"Unnormalized Unicode\":\"\u{1e0d}\u{307}\"}",
        ),
        (
            "values",
            r#"{ "numbers": [1E30, 4.50, 333333333.33333329, 2e-3, 0.000000000000000000000000001], "escaping": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false] }"#,
            r#"{"escaping":"€$\u000f\nA'B\"\\\\\"/","literals":[null,true,false],"numbers":[1e+30,4.5,333333333.3333333,0.002,1e-27]}"#,
        ),
        (
            "weird",
            r#"{ "\u20ac": "Euro Sign", "1": "One", "\u0080": "Control\u007f", "\ud83d\ude02": "Smiley", "\u00f6": "Latin Small Letter O With Diaeresis", "\ufb33": "Hebrew Letter Dalet With Dagesh", "</script>": "Browser Challenge" }"#,
            "{\"1\":\"One\",\"</script>\":\"Browser Challenge\",\"\u{80}\":\"Control\u{7f}\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😂\":\"Smiley\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}",
        ),
    ];

    /// The samples of the scheme's first author, and the one for sorting in section 3.2.3 of RFC 8785.
    #[test]
    fn published_vectors() {
        let sorting = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let sorted = canonical_json(&sorting);
        assert!(order.map(|word| sorted.find(word)).is_sorted(), "{sorted}");
        for (name, input, output) in PUBLISHED {
            let mut value: Value = serde_json::from_str(input).unwrap();
            if name == "values" {
                // As they are written there; the reader of JSON is a digit off.
                let numbers = [
                    "1E30",
                    "4.50",
                    "333333333.33333329",
                    "2e-3",
                    "0.000000000000000000000000001",
                ];
                value["numbers"] = json!(numbers.map(|text| text.parse::<f64>().unwrap()));
            }
            assert_eq!(canonical_json(&value), output, "{name}");
        }
    }

    /// Appendix B of RFC 8785: the bits of a double, and its text.
    #[test]
    fn published_numbers() {
        for (bits, text) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            assert_eq!(canonical_json(&json!(f64::from_bits(bits))), text, "{bits:x}");
        }
        // No double holds it, and it is not that of its neighbour.
        assert_eq!(canonical_json(&json!(9_007_199_254_740_993_u64)), "9007199254740993");
        assert_eq!(canonical_json(&json!(i64::MIN)), "-9223372036854775808");
    }

    proptest::proptest! {
        /// Whatever is written is read back as the same double.
        #[test]
        fn doubles_are_read_back(bits in proptest::num::u64::ANY) {
            let double = f64::from_bits(bits);
            proptest::prop_assume!(double.is_finite());
            let text = canonical_json(&json!(double));
            proptest::prop_assert_eq!(text.parse::<f64>().unwrap(), double);
        }
    }

    #[test]
    fn canonical() {
        let value =
            json!({"b": [1, true, null, {}], "a": {"\u{e000}": 1, "\u{1f600}": 2, "é": "\u{7}\"\\/\n"}, "": []});
        assert_eq!(
            canonical_json(&value),
            "{\"\":[],\"a\":{\"é\":\"\\u0007\\\"\\\\/\\n\",\"😀\":2,\"\u{e000}\":1},\"b\":[1,true,null,{}]}"
        );
        assert_eq!(canonical_json(&json!({})), "{}");
    }

    #[test]
    fn digests() {
        let digest = Digest::of(b"");
        assert_eq!(
            digest.to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(Digest::parse(&digest.to_string()), Ok(digest));
        for bad in ["", "e3", &digest.to_string().to_uppercase(), &format!("{digest}0")] {
            assert!(Digest::parse(bad).is_err(), "{bad}");
        }
    }
}
