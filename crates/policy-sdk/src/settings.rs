//! What an operator may set, as types: declared once, and from that the schema, the reading and every error.
//!
//! [`settings!`](crate::settings!) declares a struct or a list of words. A value is read whole: all mistakes are told
//! at once, each with its path and what to write instead. What is not known is refused, because a setting that is
//! misspelt must not pass as one that was left out.
//!
//! ```
//! use nhi_policy_sdk::settings::{self, NonEmpty, Whole};
//!
//! nhi_policy_sdk::settings! {
//!     /// What the operator may set.
//!     pub struct Settings {
//!         /// Tags that every covered resource carries.
//!         required_tags: NonEmpty<Vec<String>> = NonEmpty(vec!["owner".into()]),
//!         /// The oldest key that is let through.
//!         key_age_days_max: Whole<1, 365> = Whole(90),
//!         /// How strict to be.
//!         mode: Mode,
//!     }
//! }
//!
//! nhi_policy_sdk::settings! {
//!     /// How strict to be.
//!     pub enum Mode { Strict = "strict", Lenient = "lenient" }
//! }
//!
//! let read = settings::read::<Settings>(r#"{"mode": "strict"}"#).unwrap();
//! assert_eq!(read.required_tags[..], ["owner"]);
//! assert_eq!((*read.key_age_days_max, read.mode), (90, Mode::Strict));
//!
//! let mistakes = settings::read::<Settings>(r#"{"mode": "lax", "required_tag": [], "key_age_days_max": 0}"#).unwrap_err();
//! assert_eq!(mistakes, [
//!     "`required_tag` is not a setting: did you mean `required_tags`?",
//!     "`key_age_days_max` is out of range: write a whole number from 1 to 365",
//!     "`mode` is another word: write `strict` or `lenient`",
//! ]);
//! assert!(settings::schema::<Settings>().contains(r#""default":90"#));
//! ```

mod kinds;
mod object;

use nhi_plan::json::{self, Value};
use nhi_plan::path;

pub use kinds::{NonEmpty, Whole, quote};
pub use object::{Members, Schema};

/// Mistakes that are told; who makes more has another file in hand.
const MISTAKES_MAX: usize = 20;

/// A kind of value that can be set.
pub trait Setting: Sized {
    /// Writes the JSON Schema of the kind: the members of an object, without its braces.
    fn schema(out: &mut String);

    /// Reads a value; `None` after a mistake that was told.
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self>;

    /// Writes the value as JSON, for the schema's `default`.
    fn write(&self, out: &mut String);

    /// What stands for a setting that is left out and has no default; `None` where it has to be set.
    fn absent() -> Option<Self> {
        None
    }
}

/// Where a value stands, and the mistakes so far.
#[derive(Debug, Default)]
pub struct Reader {
    path: String,
    mistakes: Vec<String>,
}

impl Reader {
    /// Tells a mistake at this place: what is wrong, and what to write.
    #[cold]
    pub fn mistake<T>(&mut self, wrong: &str, write: &str) -> Option<T> {
        let place = if self.path.is_empty() {
            String::from("the whole of the settings")
        } else {
            format!("`{}`", self.path)
        };
        self.tell(format!("{place} {wrong}: {write}"));
        None
    }

    fn tell(&mut self, mistake: String) {
        if self.mistakes.len() < MISTAKES_MAX {
            self.mistakes.push(mistake);
        }
    }

    /// Reads something inside the value at this place.
    pub fn inside<T>(&mut self, step: impl FnOnce(&mut String), read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        step(&mut self.path);
        let value = read(self);
        self.path.truncate(length);
        value
    }

    /// Reads the member `key` of the value at this place.
    pub fn member<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.inside(|at| path::push_key(at, key), read)
    }

    /// Reads the element `index` of the value at this place.
    pub fn element<T>(&mut self, index: usize, read: impl FnOnce(&mut Self) -> T) -> T {
        self.inside(|at| path::push_index(at, index), read)
    }
}

/// Reads settings from JSON text, or tells all mistakes, each with its path and the fix.
pub fn read<S: Setting>(text: &str) -> Result<S, Vec<String>> {
    let document = json::parse(text).map_err(|error| vec![format!("the settings are not JSON: {error}")])?;
    let mut reader = Reader::default();
    let settings = S::read(document.root(), &mut reader);
    match settings.filter(|_| reader.mistakes.is_empty()) {
        Some(settings) => Ok(settings),
        None => Err(reader.mistakes),
    }
}

/// The JSON Schema of settings.
pub fn schema<S: Setting>() -> String {
    let mut out = String::from(r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","#);
    S::schema(&mut out);
    out.push('}');
    out
}

/// Declares what an operator may set: a struct, or an enum of words. [The module](crate::settings) shows both.
///
/// The comment of a field becomes its description in the schema. A field with `= …` has that default; without one it has
/// to be set, unless it is an `Option`. Its type is anything that is a [`Setting`]: `bool`, whole numbers, `f64`,
/// `String`, `Vec`, `BTreeMap` by name, `Option`, [`NonEmpty`], [`Whole`], or another declaration.
#[macro_export]
macro_rules! settings {
    (
        $(#[$attribute:meta])*
        $visibility:vis struct $settings:ident {
            $($(#[doc = $doc:literal])* $field_visibility:vis $field:ident: $type:ty $(= $default:expr)?),* $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq)]
        $visibility struct $settings {
            $($(#[doc = $doc])* $field_visibility $field: $type,)*
        }

        impl $crate::settings::Setting for $settings {
            fn schema(out: &mut ::std::string::String) {
                let mut schema = $crate::settings::Schema::new(out);
                $(
                    let default: ::core::option::Option<fn() -> $type> = $crate::settings!(@default $($default)?);
                    schema.member::<$type>(::core::stringify!($field), ::core::concat!($($doc),*), default);
                )*
                schema.end();
            }

            fn read(
                value: $crate::json::Value<'_>,
                reader: &mut $crate::settings::Reader,
            ) -> ::core::option::Option<Self> {
                let members = $crate::settings::Members::of(value, &[$(::core::stringify!($field)),*], reader)?;
                $(
                    let default: ::core::option::Option<fn() -> $type> = $crate::settings!(@default $($default)?);
                    let $field = members.read::<$type>(::core::stringify!($field), default, reader);
                )*
                ::core::option::Option::Some(Self { $($field: $field?),* })
            }

            fn write(&self, out: &mut ::std::string::String) {
                let mut members = $crate::settings::Schema::bare(out);
                $(members.value(::core::stringify!($field), &self.$field);)*
                members.close();
            }
        }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $settings:ident {
            $($(#[$variant_attribute:meta])* $variant:ident = $word:literal),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $settings {
            $($(#[$variant_attribute])* $variant,)+
        }

        impl $crate::settings::Setting for $settings {
            fn schema(out: &mut ::std::string::String) {
                $crate::settings::words(out, &[$($word),+]);
            }

            fn read(
                value: $crate::json::Value<'_>,
                reader: &mut $crate::settings::Reader,
            ) -> ::core::option::Option<Self> {
                match $crate::settings::word(value, &[$($word),+], reader)? {
                    $($word => ::core::option::Option::Some(Self::$variant),)+
                    _ => ::core::option::Option::None,
                }
            }

            fn write(&self, out: &mut ::std::string::String) {
                $crate::settings::quote(out, match self { $(Self::$variant => $word,)+ });
            }
        }
    };
    (@default) => { ::core::option::Option::None };
    (@default $default:expr) => { ::core::option::Option::Some(|| $default) };
}

/// The schema of one of several words; for [`settings!`](crate::settings!).
#[doc(hidden)]
pub fn words(out: &mut String, words: &[&str]) {
    out.push_str(r#""enum":["#);
    for (number, word) in words.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        quote(out, word);
    }
    out.push(']');
}

/// Reads one of several words; for [`settings!`](crate::settings!).
#[doc(hidden)]
pub fn word(value: Value<'_>, words: &[&'static str], reader: &mut Reader) -> Option<&'static str> {
    let text = value.as_str();
    let known = words.iter().find(|word| text.as_deref() == Some(**word));
    known.copied().or_else(|| {
        let wrong = if text.is_some() {
            "is another word"
        } else {
            kinds::wrong(value)
        };
        reader.mistake(wrong, &format!("write {}", kinds::listed(words)))
    })
}
