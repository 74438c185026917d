//! A small XML reader: elements, attributes and text, for what the tests look at. Anything else is an error.

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Reads a document; its declaration is expected.
pub(crate) fn parse(text: &str) -> Element {
    let mut rest = text
        .strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>")
        .expect("a declaration")
        .trim_start();
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n'),
        "raw control characters"
    );
    let root = element(&mut rest);
    assert_eq!(rest.trim(), "", "something follows the root element");
    root
}

fn element(rest: &mut &str) -> Element {
    *rest = rest
        .strip_prefix('<')
        .unwrap_or_else(|| panic!("no element: {rest:.40}"));
    let end = rest.find([' ', '>', '/']).unwrap();
    let mut found = Element {
        name: rest[..end].to_owned(),
        ..Element::default()
    };
    *rest = &rest[end..];
    loop {
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            *rest = after;
            return found;
        }
        if let Some(after) = rest.strip_prefix('>') {
            *rest = after;
            break;
        }
        let (name, after) = rest.split_once("=\"").expect("an attribute");
        let (value, after) = after.split_once('"').expect("a closing quote");
        assert!(found.attribute(name).is_none(), "`{name}` twice");
        found.attributes.push((name.to_owned(), unescape(value)));
        *rest = after;
    }
    loop {
        let next = rest.find('<').expect("an end");
        found.text.push_str(&unescape(&rest[..next]));
        *rest = &rest[next..];
        if let Some(after) = rest.strip_prefix("</") {
            let (name, after) = after.split_once('>').unwrap();
            assert_eq!(name, found.name, "elements cross");
            *rest = after;
            return found;
        }
        found.children.push(element(rest));
    }
}

fn unescape(text: &str) -> String {
    assert!(!text.contains(['<', '>']), "markup in text: {text}");
    let mut out = String::new();
    let mut parts = text.split('&');
    out.push_str(parts.next().unwrap());
    for part in parts {
        let (entity, after) = part.split_once(';').expect("an entity ends");
        out.push_str(match entity {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" => "'",
            "#58" => ":",
            other => panic!("the reader does not know `&{other};`"),
        });
        out.push_str(after);
    }
    out
}
