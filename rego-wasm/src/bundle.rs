//! What `nhi module build` put into this module: its name, the policies, the data.
//!
//! A guest cannot read its own custom sections. So the builder appends the bytes to the module's data and writes into a
//! slot, which it finds by its mark, where they are; `nhi_policy_host::embed` is the other side.

use regorus::Value;

/// How the slot begins.
const MARK: [u8; 16] = *b"nhi:bundle:slot1";

/// Where the bundle is: filled in by the builder.
#[repr(C)]
struct Slot {
    mark: [u8; 16],
    place: u32,
    length: u32,
    /// FNV-1a over the bytes: whoever overwrote them would otherwise have changed the policies.
    sum: u32,
}

#[used]
static SLOT: Slot = Slot {
    mark: MARK,
    place: 0,
    length: 0,
    sum: 0,
};

/// A file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Everything that a module in Rego is made of.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    /// The module's name.
    pub(crate) name: String,
    pub(crate) version: String,
    /// Packages whose rules judge; empty: all of them.
    pub(crate) namespaces: Vec<String>,
    pub(crate) policies: Vec<File>,
    pub(crate) data: Vec<File>,
    /// JSON Schema of the settings; empty where there is none.
    pub(crate) schema: String,
}

impl Bundle {
    /// The bundle that was put into this module.
    pub(crate) fn embedded() -> Result<Self, String> {
        Self::read(bytes()?)
    }

    /// Reads a bundle: JSON, as `nhi module build` writes it.
    pub fn read(json: &[u8]) -> Result<Self, String> {
        let broken = || String::from("the policies inside this module cannot be read: build it again");
        let text = std::str::from_utf8(json).map_err(|_| broken())?;
        let value = Value::from_json_str(text).map_err(|_| broken())?;
        let text = |name: &str| string(&value, name).ok_or_else(broken);
        Ok(Self {
            name: text("name")?,
            version: text("version")?,
            namespaces: list(&value, "namespaces", |item| Some(item.as_string().ok()?.to_string())),
            policies: list(&value, "policies", file),
            data: list(&value, "data", file),
            schema: text("schema")?,
        })
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object().ok()?.get(&Value::from(name))
}

/// A text inside an object.
pub(crate) fn string(value: &Value, name: &str) -> Option<String> {
    Some(member(value, name)?.as_string().ok()?.to_string())
}

fn list<T>(value: &Value, name: &str, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    let items = member(value, name).and_then(|value| value.as_array().ok());
    items.into_iter().flatten().filter_map(read).collect()
}

fn file(value: &Value) -> Option<File> {
    Some(File {
        path: string(value, "path")?,
        text: string(value, "text")?,
    })
}

/// The sum that guards the bytes.
fn sum(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    bytes.iter().fold(0x811c_9dc5, step)
}

#[expect(
    unsafe_code,
    reason = "the bytes are put behind the module's memory by its builder: no compiler knows of them"
)]
fn bytes() -> Result<&'static [u8], String> {
    // SAFETY: the slot is a static of this type. It is read as it stands, because its value was changed after the
    // compiler had looked at it.
    let slot = unsafe { std::ptr::read_volatile(&raw const SLOT) };
    let broken = || String::from("there are no policies inside this module: build it with `nhi module build`");
    if slot.place == 0 || slot.mark != MARK {
        return Err(broken());
    }
    let (place, length) = (slot.place as usize, slot.length as usize);
    // SAFETY: the builder laid `length` bytes at `place`, behind all memory that the compiler or an allocator knows of,
    // and made the memory as large as they need; nobody writes there. Natively the slot is empty, and this not reached.
    let bytes = unsafe { std::slice::from_raw_parts(place as *const u8, length) };
    if sum(bytes) == slot.sum {
        Ok(bytes)
    } else {
        Err(broken())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_the_published_one() {
        for (text, expected) in [("", 0x811c_9dc5), ("a", 0xe40c_292c), ("foobar", 0xbf9c_f968)] {
            assert_eq!(sum(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_bundle_is_refused_and_an_empty_slot_says_so() {
        for text in ["", "{}", "[]", "{\"name\":\"a\"}", "\u{1}"] {
            assert!(Bundle::read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(bytes().unwrap_err().contains("nhi module build"));
    }
}
