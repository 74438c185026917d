//! Looks at every expression of a policy before it runs: which functions it calls, and what of its input it reads.
//!
//! A function that is not here, or a part of the plan that a module is not handed, would make a rule silent: it is a
//! mistake of the build, not a rule that never fires.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{BUILTINS, Expr, Literal, Module, Query, Ref, Rule, RuleAssign, RuleHead, Span};

use crate::problem::Problem;

/// What a policy finds in its input.
const INPUT: [&str; 5] = [
    "format_version",
    "output_changes",
    "resource_changes",
    "terraform_version",
    "variables",
];

/// Functions that would give another answer on another machine or another day.
const REFUSED: [(&str, &str); 5] = [
    (
        "http.send",
        "a module has no network: put the answer into a file in `data/`",
    ),
    (
        "opa.runtime",
        "a module has no environment: let the operator say it in the settings, and read `data.settings`",
    ),
    (
        "rand.intn",
        "a module has no randomness: the same plan gives the same findings",
    ),
    (
        "time.now_ns",
        "the moment of the check is `data.nhi.now_ns`, and `data.nhi.now` as text",
    ),
    (
        "uuid.rfc4122",
        "a module has no randomness: the same plan gives the same findings",
    ),
];

/// What is known of all files together: packages and the names of their rules.
pub(crate) type Packages = BTreeMap<Vec<String>, BTreeSet<String>>;

/// Looks through one file.
pub(crate) struct Reader<'r> {
    packages: &'r Packages,
    package: Vec<String>,
    /// Names that imports give to what they import.
    imports: BTreeMap<String, Vec<String>>,
    pub(crate) problems: Vec<Problem>,
    /// Where the collections of `some x in collection` begin and end, in bytes of the file.
    pub(crate) collections: Vec<(usize, usize)>,
    /// Parts of the input that are read.
    pub(crate) parts: BTreeSet<String>,
}

/// `a.b["c"]` as its names; `None` where one of them is worked out.
pub(crate) fn names(expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Var { span, .. } => Some(vec![span.text().to_owned()]),
        Expr::RefDot { refr, field, .. } => {
            let mut names = names(refr)?;
            names.push(field.0.text().to_owned());
            Some(names)
        }
        Expr::RefBrack { refr, index, .. } => {
            let mut names = names(refr)?;
            names.push(text(index)?);
            Some(names)
        }
        _ => None,
    }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => Some(value.as_string().ok()?.to_string()),
        _ => None,
    }
}

impl<'r> Reader<'r> {
    pub(crate) fn new(packages: &'r Packages, module: &Module) -> Self {
        let mut imports = BTreeMap::new();
        for import in &module.imports {
            let Some(path) = names(&import.refr) else { continue };
            let name = import.r#as.as_ref().map(|span| span.text().to_owned());
            if let Some(name) = name.or_else(|| path.last().cloned()) {
                imports.insert(name, path);
            }
        }
        Self {
            packages,
            package: names(&module.package.refr).unwrap_or_default(),
            imports,
            problems: Vec::new(),
            collections: Vec::new(),
            parts: BTreeSet::new(),
        }
    }

    pub(crate) fn module(&mut self, module: &Module) {
        for import in &module.imports {
            self.reference(&import.refr, &import.span);
        }
        for rule in &module.policy {
            match &**rule {
                Rule::Spec { head, bodies, .. } => {
                    self.head(head);
                    for body in bodies {
                        self.assign(body.assign.as_ref());
                        self.query(&body.query);
                    }
                }
                Rule::Default { value, .. } => self.expr(value),
            }
        }
    }

    fn head(&mut self, head: &RuleHead) {
        match head {
            RuleHead::Compr { assign, .. } => self.assign(assign.as_ref()),
            RuleHead::Set { key, .. } => self.all(key.as_slice()),
            RuleHead::Func { args, assign, .. } => {
                self.all(args);
                self.assign(assign.as_ref());
            }
        }
    }

    fn assign(&mut self, assign: Option<&RuleAssign>) {
        if let Some(assign) = assign {
            self.expr(&assign.value);
        }
    }

    fn query(&mut self, query: &Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { .. } => {}
                Literal::SomeIn {
                    key, value, collection, ..
                } => {
                    let span = collection.span();
                    // The span of the whole ends behind brackets around the collection.
                    let end = if statement.with_mods.is_empty() {
                        statement.span.end
                    } else {
                        span.end
                    };
                    self.collections.push((span.start as usize, end as usize));
                    self.all(key.as_slice());
                    self.expr(value);
                    self.expr(collection);
                }
                Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.expr(expr),
                Literal::Every { domain, query, .. } => {
                    self.expr(domain);
                    self.query(query);
                }
            }
            for with in &statement.with_mods {
                self.expr(&with.r#as);
            }
        }
    }

    fn all(&mut self, exprs: &[Ref<Expr>]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.all(items),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expr(key);
                    self.expr(value);
                }
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.expr(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.expr(key);
                self.expr(value);
                self.query(query);
            }
            Expr::Call { span, fcn, params, .. } => {
                self.call(span, fcn);
                self.all(params);
            }
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::RefDot { span, refr, .. } => {
                self.reference(expr, span);
                self.expr(refr);
            }
            Expr::RefBrack { span, refr, index, .. } => {
                self.reference(expr, span);
                self.expr(refr);
                self.expr(index);
            }
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Membership {
                key, value, collection, ..
            } => {
                self.all(key.as_slice());
                self.expr(value);
                self.expr(collection);
            }
            _ => {}
        }
    }

    /// With the imports written out.
    fn whole(&self, mut names: Vec<String>) -> Vec<String> {
        let import = names.first().and_then(|first| self.imports.get(first));
        if let Some(import) = import {
            names.splice(..1, import.iter().cloned());
        }
        names
    }

    /// What of the input is read, where it is said by name.
    fn reference(&mut self, expr: &Expr, span: &Span) {
        let Some(names) = names(expr) else { return };
        let whole = self.whole(names);
        let [first, part, ..] = whole.as_slice() else { return };
        if first != "input" {
            return;
        }
        if !INPUT.contains(&part.as_str()) {
            let problem = Problem::at(
                span,
                format!("`input.{part}` is not handed to a module"),
                format!(
                    "read {}; planned values stand in `input.resource_changes[_].change.after`",
                    INPUT.join(", ")
                ),
            );
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        self.parts.insert(part.clone());
    }

    fn call(&mut self, span: &Span, function: &Expr) {
        let Some(names) = names(function) else { return };
        let called = names.join(".");
        if let Some((_, help)) = REFUSED.into_iter().find(|(name, _)| *name == called) {
            let message = format!("`{called}` cannot be called in a module");
            return self.problems.push(Problem::at(span, message, help));
        }
        if called == "print" || BUILTINS.contains_key(called.as_str()) || self.is_own(names) {
            return;
        }
        let message = format!("there is no function `{called}`");
        let help = "define it, import the package that has it, or write it with the functions that \
                    docs/guides/rego-modules.md lists";
        self.problems.push(Problem::at(span, message, help));
    }

    /// Whether a function is one of these policies.
    fn is_own(&self, names: Vec<String>) -> bool {
        let whole = self.whole(names);
        let has =
            |package: &[String], name: &String| self.packages.get(package).is_some_and(|rules| rules.contains(name));
        match whole.as_slice() {
            [name] => has(&self.package, name),
            [data, package @ .., name] if data == "data" => has(package, name),
            _ => false,
        }
    }
}
