//! `nhi report`: the page as a shell gets it, as a strict reader sees it, and as a browser shows it.

#[cfg(test)]
mod browser;

use std::time::Instant;

use nhi_governance::{Act, Evidence, Identity, Policy, create};
use nhi_registry::{RecordsExt as _, Registry};
use serde_json::{Value, json};

use super::{DAY, House, READER, Sketch, TrustDomain, declaration, says, wall};
use crate::schema;
use crate::support::{administrator, key, plan};
use crate::xml::{self, Element};
use browser::Browser;

/// Texts that try to be more than text.
const PAYLOADS: [&str; 15] = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)",
    "</td></tr></table><h1>clean</h1>",
    "</title></style></script><script>alert(1)</script>",
    "<!--",
    "]]>",
    "&lt;b&gt; &amp;",
    "javascript:alert(1)",
    "nimda\u{202e}nigol",
    "\u{2066}isolated\u{2069}",
    "\u{2028}line\u{2029}paragraph",
    "\u{1b}]52;c;cm0gLXJmIH4=\u{7}",
    "##[error]owned",
];

/// The elements that a page is made of.
const ELEMENTS: [&str; 53] = [
    "a",
    "body",
    "br",
    "caption",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "head",
    "header",
    "html",
    "input",
    "label",
    "li",
    "main",
    "meta",
    "nav",
    "option",
    "output",
    "p",
    "rect",
    "script",
    "section",
    "select",
    "small",
    "span",
    "strong",
    "style",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "time",
    "title",
    "tr",
    "ul",
    "b",
    "em",
    "i",
    "hr",
    "ol",
    "pre",
];

/// The page without its script and its style, read by a strict reader; nothing in it can act.
#[track_caller]
fn read(page: &str) -> Element {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a document").to_owned();
    for tag in ["script", "style"] {
        let (start, end) = (
            rest.find(&format!("<{tag}>")).unwrap(),
            rest.find(&format!("</{tag}>")).unwrap(),
        );
        rest.replace_range(start..end, &format!("<{tag}>"));
    }
    let root = xml::parse(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", rest.trim()));
    harmless(&root);
    root
}

fn harmless(element: &Element) {
    assert!(ELEMENTS.contains(&element.name.as_str()), "<{}>", element.name);
    for (name, value) in &element.attributes {
        assert!(
            !name.starts_with("on") && !["style", "src", "srcset", "action"].contains(&name.as_str()),
            "{name}"
        );
        assert!(name != "href" || value.starts_with('#'), "{value}");
    }
    element.children.iter().for_each(harmless);
}

fn find<'e>(element: &'e Element, id: &str) -> Option<&'e Element> {
    if element.attribute("id") == Some(id) {
        return Some(element);
    }
    element.children.iter().find_map(|child| find(child, id))
}

fn text(element: &Element) -> String {
    let below: Vec<String> = element.children.iter().map(text).collect();
    format!("{} {}", element.text, below.join(" "))
}

/// Live, ended, suspended and revoked ones; the record is ahead of every clock, so that the moment does not move.
pub(super) fn house() -> House {
    let house = House::new();
    let named = |name| Sketch { name, ..READER };
    let writer = Sketch {
        name: "writer",
        action: "iam:CreateUser",
        environment: "production",
        ..READER
    };
    house.create(-20_000, &[named("ended")]);
    house.create(-20_004, &[READER, named("odd"), named("gone"), writer]);
    house.run(&["suspend", "odd", "--reason", "INC-7: odd calls"]).exits(0);
    house.run(&["revoke", "gone", "--reason", "the job is gone"]).exits(0);
    house
}

#[test]
fn every_format_says_what_is_on_record() {
    let house = house();
    let page = house.run(&["report"]).exits(0).stdout;
    assert_eq!(
        house.run(&["report"]).stdout,
        page,
        "one registry at one moment makes one page"
    );
    let root = read(&page);
    let section = |id: &str| text(find(&root, id).unwrap_or_else(|| panic!("{id}")));
    for (id, words) in [
        (
            "summary",
            &[
                "1 identity has ended and is not revoked.",
                "1 identity is suspended.",
                "INC-7: odd calls",
            ][..],
        ),
        ("ends", &["3 identities end in the next 90 days", "staging/reader"]),
        ("owners", &["team:payments", "No team is on record"]),
        ("findings", &["No plan was given"]),
        ("exceptions", &["No control is waived."]),
        ("break-glass", &["No break-glass access is on record"]),
        ("reviews", &["No access review is declared"]),
        (
            "compliance",
            &["OWASP Non-Human Identities Top 10", "ISO/IEC 27001:2022", "PCI DSS"],
        ),
        ("metrics", &["Rotation on time", "not measured", "audit log alone"]),
        ("inventory", &["reader", "writer", "ended", "odd", "1 more are"]),
    ] {
        for word in words {
            assert!(section(id).contains(word), "{id}: `{word}` is not in {}", section(id));
        }
    }
    let inventory = find(&root, "table-inventory").unwrap();
    let rows: usize = inventory.all("tbody").map(|body| body.all("tr").count()).sum();
    assert_eq!(rows, 4);
    let csp = "default-src &#39;none&#39;; style-src &#39;sha256-";
    assert!(!page.contains("unsafe-") && page.contains(csp));

    let document = house.run(&["report", "--format", "json"]).exits(0).json();
    assert_eq!(schema::errors(&schema::overview(), &document), Vec::<String>::new());
    assert_eq!(document["population"]["live"], 4);
    assert_eq!(document["metrics"]["live"], 4, "the log alone tells the same");
    assert_eq!(document["metrics"]["revocations"]["count"], 1);
    assert_eq!(document["horizon"]["ended"], 1);
    let ids: Vec<_> = document["attention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| &notice["id"])
        .collect();
    assert_eq!(ids[..2], ["ended", "suspended"]);

    let markdown = house.run(&["report", "--format", "markdown"]).exits(0).stdout;
    for word in [
        "# Machine identities",
        "| reader | staging |",
        "**1 identity is suspended.**",
    ] {
        assert!(markdown.contains(word), "{markdown}");
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let house = house();
    let path = house.path().join("report.html");
    house.run(&["report", "--output", "report.html"]).exits(0);
    let page = std::fs::read_to_string(&path).unwrap();
    assert_eq!(page, house.run(&["report"]).stdout);
    for arguments in [
        &["report", "--output", "report.html", "--registry", "absent.db"][..],
        &["report", "--output", "report.html", "--findings", "absent.json"],
        &["report", "--output", "report.html", "--policy", "absent.hcl"],
        &["report", "--output", "no/such/folder/report.html"],
    ] {
        house.run(arguments).exits(3);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), page, "{arguments:?}");
    }
    assert!(!house.path().join("absent.db").exists());
}

#[test]
fn an_empty_registry_says_what_to_do() {
    let house = House::new();
    drop(house.registry(0));
    let root = read(&house.run(&["report"]).exits(0).stdout);
    for word in [
        "No identity is on record yet.",
        "Nothing ends in that time.",
        "nobody owns one",
        "nhi_identity",
    ] {
        assert!(text(&root).contains(word), "{word}");
    }
    assert!(find(&root, "table-inventory").is_none());
    says(
        &house.run(&["report", "--format", "markdown"]).exits(0),
        &["No identity is on record."],
    );
    let document = house.run(&["report", "--format", "json"]).exits(0).json();
    assert_eq!(schema::errors(&schema::overview(), &document), Vec::<String>::new());
    assert!(document["frameworks"][0]["score"].is_null());
}

#[test]
fn findings_come_from_a_plan_or_from_what_a_check_wrote() {
    let house = house();
    let text = plan(&[key("aws_iam_access_key.ci"), administrator("aws_iam_role_policy.admin")]);
    std::fs::write(house.path().join("plan.json"), &text).unwrap();
    let check = ["check", "plan.json", "--format", "json", "--output", "findings.json"];
    house.run(&check).exits(1);
    let of = |file: &str| {
        house
            .run(&["report", "--format", "json", "--findings", file])
            .exits(0)
            .json()
    };
    let (by_plan, by_check) = (of("plan.json"), of("findings.json"));
    assert_eq!(by_plan, by_check);
    assert_eq!(by_plan["attention"][0]["urgency"], "act");
    assert!(by_plan["findings"]["findings"].as_array().unwrap().len() >= 2);
    says(
        &house.run(&["report", "--findings", "findings.json"]).exits(0),
        &["findings block the plan.", "aws_iam_access_key.ci"],
    );
    std::fs::write(house.path().join("broken.json"), "{\"format_version\": 7").unwrap();
    house.run(&["report", "--findings", "broken.json"]).exits(3);
    std::fs::write(
        house.path().join("later.json"),
        r#"{"version": 2, "tool": {"name": "nhi"}}"#,
    )
    .unwrap();
    says(
        &house.run(&["report", "--findings", "later.json"]).exits(3),
        &["report of version 2"],
    );
}

/// A file of findings that says `payload` wherever it can.
fn hostile(payload: &str) -> String {
    let found = json!({
        "code": payload, "name": payload, "outcome": payload, "severity": payload, "blocking": true,
        "address": payload, "attribute": payload, "message": payload, "help": payload,
    });
    let mut violation = found.clone();
    violation["outcome"] = "violation".into();
    json!({
        "version": 1, "tool": {"name": "nhi", "version": payload}, "verdict": payload,
        "plan": {"source": payload, "sha256": payload}, "findings": [found, violation], "not_counted": [],
    })
    .to_string()
}

#[test]
fn foreign_text_stays_text() {
    let house = house();
    let mut browser = Browser::start();
    for (number, payload) in PAYLOADS.iter().enumerate() {
        let (file, page) = (format!("f{number}.json"), format!("p{number}.html"));
        std::fs::write(house.path().join(&file), hostile(payload)).unwrap();
        house.run(&["report", "--findings", &file, "--output", &page]).exits(0);
        let written = std::fs::read_to_string(house.path().join(&page)).unwrap();
        let is_raw =
            |c: char| c.is_control() && c != '\n' || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!written.contains(is_raw) && !written.contains("##["), "{payload:?}");
        let root = read(&written);
        let rows = find(&root, "table-findings").unwrap();
        assert_eq!(
            rows.all("tbody").map(|body| body.all("tr").count()).sum::<usize>(),
            2,
            "{payload:?}"
        );
        let markdown = house
            .run(&["report", "--findings", &file, "--format", "markdown"])
            .exits(0)
            .stdout;
        assert!(!markdown.contains(is_raw) && !markdown.contains("##["), "{payload:?}");
        if let Some(browser) = &mut browser {
            browser.open(&house.path().join(&page), "light", 1280);
            let made = browser.evaluate(
                "[document.scripts.length, document.images.length, document.querySelectorAll('h1, table#table-findings \
                 tbody tr').length, [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => \
                 a.name.startsWith('on'))).length]",
            );
            assert_eq!(made, json!([1, 0, 3, 0]), "{payload:?}");
            assert_eq!(browser.complaints(), Vec::<String>::new(), "{payload:?}");
        }
    }
}

/// Every visible text whose contrast is below 4.5 to 1, by the colours that the browser computed.
const FAINT: &str = r"(() => {
  const parts = (color) => { const n = color.match(/[\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const p = parts(getComputedStyle(e).backgroundColor); if (p[3] === 1) return p; } return [255, 255, 255]; };
  return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility() &&
    [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).filter((e) => !e.closest('svg,script,option')).map((e) => {
      const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
      return [(a + 0.05) / (b + 0.05), e.outerHTML.slice(0, 80)];
    }).filter(([ratio]) => ratio < 4.5);
})()";

#[test]
fn a_browser_shows_it_in_light_and_dark_and_small() {
    let house = house();
    std::fs::write(house.path().join("plan.json"), plan(&[key("aws_iam_access_key.ci")])).unwrap();
    house
        .run(&["report", "--findings", "plan.json", "--output", "page.html"])
        .exits(0);
    let page = house.path().join("page.html");
    let Some(mut browser) = Browser::start() else { return };
    for scheme in ["light", "dark"] {
        for width in [1280, 320] {
            browser.open(&page, scheme, width);
            browser.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)");
            let at = format!("{scheme}, {width}");
            let wide = browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            assert_eq!(wide, 0, "{at}: nothing lies beside the screen");
            assert_eq!(browser.evaluate(FAINT), json!([]), "{at}");
            assert_eq!(browser.complaints(), Vec::<String>::new(), "{at}");
        }
    }
    browser.open(&page, "light", 1280);
    let landmarks = "['header', 'nav[aria-label]', 'main', 'footer', 'html[lang=en]', 'meta[http-equiv]'].map((s) => \
                     document.querySelectorAll(s).length)";
    assert_eq!(browser.evaluate(landmarks), json!([1, 1, 1, 1, 1, 1]));
    let unnamed = "[...document.querySelectorAll('table')].filter((t) => !t.caption || [...t.tHead.rows[0].cells].some((c) \
                   => c.scope !== 'col') || [...t.tBodies].some((b) => [...b.rows].some((r) => r.cells[0].scope !== 'row')))\
                   .length";
    assert_eq!(browser.evaluate(unnamed), 0);
    let named = "[...document.querySelectorAll('section')].every((s) => document.getElementById(s.getAttribute(\
                 'aria-labelledby')))";
    assert_eq!(browser.evaluate(named), true);

    // By keyboard: the first stop skips to the report, a later one sorts.
    browser.press("Tab", 9, "");
    assert_eq!(
        browser.evaluate("document.activeElement.textContent"),
        "Skip to the report"
    );
    browser.press("Enter", 13, "\r");
    assert_eq!(
        browser.evaluate("[location.hash, document.activeElement.id]"),
        json!(["#main", "main"])
    );
    browser.evaluate("document.querySelector('#table-inventory thead button').focus()");
    browser.press("Enter", 13, "\r");
    let sorted = "[document.querySelector('#table-inventory th').getAttribute('aria-sort'), \
                  ...[...document.querySelectorAll('#table-inventory tbody th')].map((t) => t.textContent)]";
    assert_eq!(
        browser.evaluate(sorted),
        json!(["ascending", "ended", "odd", "reader", "writer"])
    );
    browser.press("Enter", 13, "\r");
    assert_eq!(
        browser.evaluate(sorted),
        json!(["descending", "writer", "reader", "odd", "ended"])
    );
    assert_eq!(
        browser.evaluate("getComputedStyle(document.activeElement).outlineStyle"),
        "solid",
        "where the keyboard is can be seen"
    );
    browser.evaluate(
        "(() => { const f = document.getElementById('f-s'); f.value = 'suspended'; f.dispatchEvent(new Event('change')); })()",
    );
    assert_eq!(
        browser.evaluate("document.getElementById('shown').textContent"),
        "1 of 4 identities"
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

/// So many identities in one transaction.
fn fill(registry: &dyn Registry, count: usize) {
    let actor = nhi_registry::Actor::new("tester@localhost");
    let (evidence, policy) = (Evidence::waived(), Policy::default());
    let filled = registry.writing(&actor, |writer| {
        for number in 0..count {
            let name = format!("service-{number}");
            let environment = ["production", "staging", "development"][number % 3];
            let sketch = Sketch {
                name: &name,
                environment,
                ..READER
            };
            let act = Act {
                by: "tester@localhost",
                evidence: &evidence,
                policy: &policy,
                now: writer.now(),
            };
            let created = create(writer.next_id()?, &TrustDomain::default(), declaration(sketch), &act)?;
            let _: Identity = writer.insert(created, &evidence)?;
        }
        Ok(())
    });
    filled.unwrap();
}

#[test]
fn ten_thousand_identities_do_not_freeze_it() {
    const COUNT: usize = 10_000;
    let house = House::new();
    fill(&house.registry(-20_000), COUNT);
    assert!(wall().unix() > DAY);
    let started = Instant::now();
    house.run(&["report", "--output", "page.html"]).exits(0);
    let wrote = started.elapsed();
    let page = house.path().join("page.html");
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 12 << 20, "{size} bytes");
    let Some(mut browser) = Browser::start() else { return };
    let started = Instant::now();
    browser.open(&page, "light", 1280);
    let opened = started.elapsed();
    let timed: Value = browser.evaluate(
        "(() => { const t = (f) => { const s = performance.now(); f(); document.body.offsetHeight; return \
         Math.round(performance.now() - s); }; const q = document.getElementById('f-e'); return [t(() => \
         document.querySelector('#table-inventory thead button').click()), t(() => { q.value = 'staging'; \
         q.dispatchEvent(new Event('change')); }), document.getElementById('shown').textContent]; })()",
    );
    eprintln!(
        "{COUNT} identities: written in {wrote:?}, {size} bytes, opened in {opened:?}, sort and filter in ms: {timed}"
    );
    assert_eq!(timed[2], "3333 of 10000 identities");
    // Generous, for a machine that does ten other things: what freezes takes minutes.
    assert!(
        timed[0].as_u64() < Some(20_000) && timed[1].as_u64() < Some(20_000),
        "{timed}"
    );
    assert_eq!(browser.complaints(), Vec::<String>::new());
}
