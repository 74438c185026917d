//! What a call of a module passes is written in the call, and what it leaves out in the module.

use nhi_evaluate::Sources;

const ROOT: &str = "module \"a\" {\n  source   = \"./modules/a\"\n  settings = { key = \"inner\" }\n}\n";
const CHILD: &str = "variable \"settings\" {}\nvariable \"name\" {\n  default = \"n\"\n}\n";

#[test]
fn arguments_have_places() {
    let manifest = r#"{"Modules":[{"Key":"","Dir":"."},{"Key":"a","Source":"./modules/a","Dir":"modules/a"}]}"#;
    let files = [
        ("main.tf", ROOT),
        ("modules/a/main.tf", CHILD),
        (".terraform/modules/modules.json", manifest),
    ];
    let sources = Sources::new(files.map(|(name, text)| (name.to_owned(), text.to_owned())).into_iter());
    let argument = sources.location("module.a.var.settings").expect("the argument");
    assert_eq!(
        (argument.file.as_ref(), argument.line, argument.column),
        ("main.tf", 3, 3)
    );
    let text = |path: &str| {
        let place = sources.attribute("module.a.var.settings", path).expect(path);
        (
            place.file,
            ROOT.get(place.expression.clone()).unwrap_or_default(),
            ROOT.get(place.attribute.clone()).unwrap_or_default(),
        )
    };
    let whole = "{ key = \"inner\" }";
    assert_eq!(text(""), ("main.tf", whole, "settings = { key = \"inner\" }"));
    assert_eq!(text("key"), ("main.tf", "\"inner\"", "\"inner\""));
    assert_eq!(text("other"), ("main.tf", whole, whole));
    let declared = sources.location("module.a.var.name").expect("the declaration");
    assert_eq!((declared.file.as_ref(), declared.line), ("modules/a/main.tf", 2));
    assert_eq!(sources.location("module.a.var.nothing"), None);
    assert_eq!(sources.location("module.b.var.settings"), None);
}
