//! Exact decimal numbers, as far as 128 bits carry.
//!
//! Terraform counts with 512 bits; a result that needs more than 128, or that never ends, is left unknown here.

use std::cmp::Ordering;
use std::fmt;

/// Zeros that a number may carry; `1e400` is legal and seen.
const EXPONENT_MAX: i32 = 10_000;

/// `mantissa` × 10 ^ `exponent`, without zeros at the end of the mantissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Number {
    mantissa: i128,
    exponent: i32,
}

impl Number {
    fn new(mut mantissa: i128, mut exponent: i32) -> Option<Self> {
        if mantissa == 0 {
            return Some(Self {
                mantissa: 0,
                exponent: 0,
            });
        }
        while mantissa % 10 == 0 {
            mantissa /= 10;
            exponent = exponent.checked_add(1)?;
        }
        (exponent.abs() <= EXPONENT_MAX).then_some(Self { mantissa, exponent })
    }

    pub(crate) fn whole(value: i64) -> Self {
        Self::new(i128::from(value), 0).unwrap_or(Self {
            mantissa: 0,
            exponent: 0,
        })
    }

    pub(crate) fn count(value: usize) -> Self {
        Self::whole(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// Reads a decimal literal; `None` for what is none or does not fit.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || (fraction.is_empty() && digits.contains('.')) {
            return None;
        }
        let mut mantissa: i128 = 0;
        let mut pending = 0_u32;
        let mut dropped = 0_i32;
        for (position, byte) in whole.bytes().chain(fraction.bytes()).enumerate() {
            if !byte.is_ascii_digit() {
                return None;
            }
            if position >= whole.len() {
                dropped = dropped.checked_sub(1)?;
            }
            if byte == b'0' {
                pending = pending.checked_add(1)?;
                continue;
            }
            let scale = 10_i128.checked_pow(pending.checked_add(1)?);
            mantissa = if mantissa == 0 {
                0
            } else {
                mantissa.checked_mul(scale?)?
            };
            mantissa = mantissa.checked_add(i128::from(byte - b'0'))?;
            pending = 0;
        }
        let exponent = exponent
            .checked_add(dropped)?
            .checked_add(i32::try_from(pending).ok()?)?;
        Self::new(if negative { -mantissa } else { mantissa }, exponent)
    }

    pub(crate) fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// The number as an index or a count.
    pub(crate) fn as_usize(self) -> Option<usize> {
        usize::try_from(self.as_i64()?).ok()
    }

    pub(crate) fn as_i64(self) -> Option<i64> {
        if self.exponent < 0 {
            return None;
        }
        let scale = 10_i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        i64::try_from(self.mantissa.checked_mul(scale)?).ok()
    }

    /// Both mantissas at the smaller exponent.
    fn aligned(self, other: Self) -> Option<(i128, i128, i32)> {
        let exponent = self.exponent.min(other.exponent);
        let raise = |number: Self| {
            let by = u32::try_from(number.exponent.checked_sub(exponent)?).ok()?;
            if number.mantissa == 0 {
                return Some(0);
            }
            number.mantissa.checked_mul(10_i128.checked_pow(by)?)
        };
        Some((raise(self)?, raise(other)?, exponent))
    }

    pub(crate) fn add(self, other: Self) -> Option<Self> {
        let (left, right, exponent) = self.aligned(other)?;
        Self::new(left.checked_add(right)?, exponent)
    }

    pub(crate) fn negate(self) -> Self {
        // The mantissa of a number never is i128::MIN: that one is divisible by nothing that was parsed.
        Self {
            mantissa: self.mantissa.saturating_neg(),
            exponent: self.exponent,
        }
    }

    pub(crate) fn multiply(self, other: Self) -> Option<Self> {
        Self::new(
            self.mantissa.checked_mul(other.mantissa)?,
            self.exponent.checked_add(other.exponent)?,
        )
    }

    /// `None` for a division by zero and for a quotient that does not end.
    pub(crate) fn divide(self, other: Self) -> Option<Self> {
        if other.mantissa == 0 {
            return None;
        }
        let (mut numerator, mut exponent) = (self.mantissa, self.exponent.checked_sub(other.exponent)?);
        while numerator.checked_rem(other.mantissa)? != 0 {
            numerator = numerator.checked_mul(10)?;
            exponent = exponent.checked_sub(1)?;
        }
        Self::new(numerator.checked_div(other.mantissa)?, exponent)
    }

    /// The remainder with the sign of the dividend.
    pub(crate) fn remainder(self, other: Self) -> Option<Self> {
        let (left, right, exponent) = self.aligned(other)?;
        Self::new(left.checked_rem(right)?, exponent)
    }

    /// The next whole number below, or above.
    pub(crate) fn rounded(self, up: bool) -> Option<Self> {
        if self.exponent >= 0 {
            return Some(self);
        }
        let scale = 10_i128.checked_pow(self.exponent.unsigned_abs())?;
        let floor = self.mantissa.checked_div_euclid(scale)?;
        Self::new(floor.checked_add(i128::from(up))?, 0)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.mantissa.signum().cmp(&other.mantissa.signum());
        if signs != Ordering::Equal || self.mantissa == 0 {
            return signs;
        }
        if let Some((left, right, _)) = self.aligned(*other) {
            return left.cmp(&right);
        }
        // Too far apart to align, so the number of digits decides.
        let digits = |number: &Self| {
            let length = number.mantissa.unsigned_abs().checked_ilog10().unwrap_or(0);
            i64::from(length) + i64::from(number.exponent)
        };
        let order = digits(self).cmp(&digits(other));
        if self.mantissa < 0 { order.reverse() } else { order }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.mantissa.unsigned_abs().to_string();
        let mut text = String::with_capacity(digits.len() + 2);
        if let Ok(zeros) = usize::try_from(self.exponent) {
            text.push_str(&digits);
            text.extend(std::iter::repeat_n('0', zeros));
        } else {
            let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(0);
            let missing = (places + 1).saturating_sub(digits.len());
            text.extend(std::iter::repeat_n('0', missing));
            text.push_str(&digits);
            text.insert(text.len() - places, '.');
        }
        f.pad_integral(self.mantissa >= 0, "", &text)
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap_or_else(|| panic!("{text} is no number"))
    }

    #[test]
    fn texts_are_exact() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("0.05", "0.05"),
            ("-0.5", "-0.5"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1e3", "1000"),
            ("1.5e-3", "0.0015"),
            ("100", "100"),
        ] {
            assert_eq!(number(text).to_string(), expected);
        }
        assert_eq!(number("1e400").to_string().len(), 401);
        for text in ["", "-", "1.", ".5", "1e", "x", "1e99999999999", "1e20000"] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }

    #[test]
    fn arithmetic() {
        let (a, b) = (number("7"), number("-2"));
        assert_eq!(a.add(b), Some(number("5")));
        assert_eq!(a.multiply(b), Some(number("-14")));
        assert_eq!(a.divide(b), Some(number("-3.5")));
        assert_eq!(a.remainder(b), Some(number("1")));
        assert_eq!(number("-7").remainder(number("2")), Some(number("-1")));
        assert_eq!(number("1").divide(number("3")), None);
        assert_eq!(number("1").divide(number("0")), None);
        assert_eq!(number("-1.5").rounded(false), Some(number("-2")));
        assert_eq!(number("-1.5").rounded(true), Some(number("-1")));
        assert!(number("1e400") > number("2") && number("-1e400") < number("-2"));
        assert!(number("0.1") < number("0.2") && number("-1") < number("0"));
    }
}
