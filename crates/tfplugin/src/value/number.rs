//! Numbers without loss.
//!
//! The cores compute with 512 bits and send whole numbers that fit as integers, binary fractions as floats and
//! everything else as decimal text. Each form is kept as it came and written back the same; comparison is by value
//! across the forms, so `1`, `1.0` and `"1e0"` are one number.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The longest decimal text of a number; 512 bits need 155 digits, the rest is room for exponents written out.
const TEXT_BYTES_MAX: usize = 65_536;
/// Digits after the point that every finite double has at most, so that printing this many is exact.
const DOUBLE_FRACTION_DIGITS: usize = 1_074;

/// A number of any size and precision.
#[derive(Clone, Debug)]
pub struct Number(Form);

#[derive(Clone, Debug)]
enum Form {
    Int(i64),
    UInt(u64),
    // INVARIANT: not NaN.
    Float(f64),
    // INVARIANT: a JSON-like decimal literal, at most TEXT_BYTES_MAX long, exponent within i32.
    Decimal(Box<str>),
}

/// The text is not a decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number")]
pub struct ParseNumberError;

/// How a number goes over the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wire<'a> {
    Int(i64),
    UInt(u64),
    Float(f64),
    Text(&'a str),
}

impl Number {
    /// A number from a double; none for NaN.
    pub fn from_f64(double: f64) -> Option<Number> {
        (!double.is_nan()).then_some(Number(Form::Float(double)))
    }

    /// The number as `i64`, if it is whole and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Form::Int(int) => Some(*int),
            Form::UInt(int) => i64::try_from(*int).ok(),
            Form::Float(_) | Form::Decimal(_) => self.canonical().as_i128().and_then(|int| i64::try_from(int).ok()),
        }
    }

    /// The nearest double.
    #[expect(clippy::cast_precision_loss, reason = "the nearest double is what is asked for")]
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Form::Int(int) => *int as f64,
            Form::UInt(int) => *int as f64,
            Form::Float(double) => *double,
            Form::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// Whether this is finite; only finite numbers have a JSON form.
    pub fn is_finite(&self) -> bool {
        !matches!(self.0, Form::Float(double) if double.is_infinite())
    }

    pub(crate) fn wire(&self) -> Wire<'_> {
        match &self.0 {
            Form::Int(int) => Wire::Int(*int),
            Form::UInt(int) => Wire::UInt(*int),
            Form::Float(double) => Wire::Float(*double),
            Form::Decimal(text) => Wire::Text(text),
        }
    }

    fn canonical(&self) -> Canonical {
        match &self.0 {
            Form::Int(int) => Canonical::parse(&int.to_string()),
            Form::UInt(int) => Canonical::parse(&int.to_string()),
            Form::Float(double) if double.is_infinite() => Canonical::Infinite {
                negative: *double < 0.0,
            },
            Form::Float(double) => Canonical::parse(&exact(*double)),
            Form::Decimal(text) => Canonical::parse(text),
        }
    }
}

/// Every digit of a finite double, so that no two doubles print alike and none prints as a decimal it is not.
fn exact(double: f64) -> String {
    let digits = format!("{double:.DOUBLE_FRACTION_DIGITS$}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The number as a JSON literal; infinities as `inf` and `-inf`, which are not JSON.
impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Int(int) => write!(formatter, "{int}"),
            Form::UInt(int) => write!(formatter, "{int}"),
            Form::Float(double) if double.is_infinite() => write!(formatter, "{double}"),
            Form::Float(double) => formatter.write_str(&exact(*double)),
            Form::Decimal(text) => formatter.write_str(text),
        }
    }
}

impl FromStr for Number {
    type Err = ParseNumberError;

    fn from_str(text: &str) -> Result<Number, ParseNumberError> {
        if let Ok(int) = text.parse::<i64>()
            && int.to_string() == text
        {
            return Ok(Number(Form::Int(int)));
        }
        if !is_decimal(text) {
            return Err(ParseNumberError);
        }
        Ok(Number(Form::Decimal(text.into())))
    }
}

impl From<i64> for Number {
    fn from(int: i64) -> Number {
        Number(Form::Int(int))
    }
}

impl From<u64> for Number {
    fn from(int: u64) -> Number {
        i64::try_from(int).map_or(Number(Form::UInt(int)), |int| Number(Form::Int(int)))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        match (&self.0, &other.0) {
            (Form::Int(left), Form::Int(right)) => left.cmp(right),
            (Form::UInt(left), Form::UInt(right)) => left.cmp(right),
            (Form::Float(left), Form::Float(right)) => left.partial_cmp(right).unwrap_or(Ordering::Equal),
            (Form::Decimal(left), Form::Decimal(right)) if left == right => Ordering::Equal,
            _ => self.canonical().cmp(&other.canonical()),
        }
    }
}

/// A sign, the significant digits and where the point is: enough to compare without writing exponents out.
#[derive(Debug)]
enum Canonical {
    Infinite {
        negative: bool,
    },
    Finite {
        negative: bool,
        /// Without leading or trailing zeros; empty for zero.
        digits: Vec<u8>,
        /// The power of ten of the first digit, plus one.
        magnitude: i64,
    },
}

impl Canonical {
    fn parse(text: &str) -> Canonical {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let exponent: i64 = exponent.parse().unwrap_or(0);
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let leading = all.iter().take_while(|digit| **digit == b'0').count();
        let mut digits = all.get(leading..).unwrap_or_default().to_vec();
        digits.truncate(digits.len() - digits.iter().rev().take_while(|digit| **digit == b'0').count());
        if digits.is_empty() {
            return Canonical::Finite {
                negative: false,
                digits,
                magnitude: 0,
            };
        }
        let position = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let magnitude = position(whole.len())
            .saturating_sub(position(leading))
            .saturating_add(exponent);
        Canonical::Finite {
            negative,
            digits,
            magnitude,
        }
    }

    fn as_i128(&self) -> Option<i128> {
        let Canonical::Finite {
            negative,
            digits,
            magnitude,
        } = self
        else {
            return None;
        };
        let zeros = magnitude.checked_sub(i64::try_from(digits.len()).ok()?)?;
        if !(0..=20).contains(&zeros) && !digits.is_empty() {
            return None;
        }
        let mut value: i128 = 0;
        for digit in digits.iter().map(|digit| digit - b'0').chain((0..zeros).map(|_| 0)) {
            value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
        }
        Some(if *negative { -value } else { value })
    }

    fn cmp(&self, other: &Canonical) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| {
            let by_size = match (self, other) {
                (
                    Canonical::Finite {
                        digits: left,
                        magnitude: left_size,
                        ..
                    },
                    Canonical::Finite {
                        digits: right,
                        magnitude: right_size,
                        ..
                    },
                ) => left_size.cmp(right_size).then_with(|| left.cmp(right)),
                _ => Ordering::Equal,
            };
            if self.sign() < 0 { by_size.reverse() } else { by_size }
        })
    }

    /// −2 and 2 for the infinities, −1, 0 and 1 for the rest: numbers of different sign need no look at digits.
    fn sign(&self) -> i8 {
        match self {
            Canonical::Infinite { negative: true } => -2,
            Canonical::Infinite { negative: false } => 2,
            Canonical::Finite { digits, .. } if digits.is_empty() => 0,
            Canonical::Finite { negative: true, .. } => -1,
            Canonical::Finite { negative: false, .. } => 1,
        }
    }
}

/// Digits, at most one point with digits on both sides, at most one exponent of at most nine digits.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    text.len() <= TEXT_BYTES_MAX
        && digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            digits(unsigned) && unsigned.len() <= 9
        })
}
