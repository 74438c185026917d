//! A provider that offers one of everything the protocol has: what tests of the wire and of the real cores start.
//!
//! It keeps nothing. Where a test must see what happened, `SHELF_LOG` names a file that a line is added to.

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tfplugin::codec::UnknownAttributes;
use tfplugin::diagnostic::{Diagnostic, Diagnostics};
use tfplugin::schema::{Attribute, Schema};
use tfplugin::server::{
    Action, Answer, CreateRequest, DataAnswer, DataSource, DeleteRequest, EphemeralResource, Function, FunctionError,
    IdentitySchema, ListResource, Listed, Listing, MoveSource, OpenAnswer, Parameter, PlanAnswer, PlanRequest, Private,
    Progress, Provider, ReadRequest, RenewAnswer, Resource, Signature, StateAnswer, UpdateRequest,
};
use tfplugin::value::{AttributePath, Type, Value};
use tfplugin::{ServeOptions, serve};

/// What stands on the shelf.
const TITLES: [&str; 4] = ["Emma", "Ivanhoe", "Middlemarch", "Ulysses"];

fn note(line: &str) {
    if let Some(path) = std::env::var_os("SHELF_LOG")
        && let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path)
    {
        // A test that misses the line fails.
        let _ = writeln!(file, "{line}");
    }
}

fn soon<T: Send + 'static>(value: T) -> Answer<'static, T> {
    Box::pin(std::future::ready(value))
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).as_str().unwrap_or_default().to_owned()
}

/// The state of a book. Its id is its title in lower case.
fn book(title: &str, secret_version: Value) -> Value {
    Value::object([
        ("id", Value::from(title.to_lowercase())),
        ("secret", Value::Null),
        ("secret_version", secret_version),
        ("title", title.into()),
    ])
}

/// A managed resource with a write-only attribute and a resource identity.
struct Book;

impl Book {
    fn keep(planned: &Value, config: &Value) -> Answer<'static, StateAnswer> {
        note(&format!("secret of {} bytes", text(config, "secret").len()));
        soon(StateAnswer::new(book(
            &text(planned, "title"),
            planned.get("secret_version").clone(),
        )))
    }
}

impl Resource for Book {
    fn type_name(&self) -> &'static str {
        "shelf_book"
    }

    fn schema(&self) -> Schema {
        Schema::new("A book.")
            .attribute(Attribute::required("title", Type::String))
            .attribute(Attribute::optional("secret", Type::String).write_only())
            .attribute(Attribute::optional("secret_version", Type::Number))
            .attribute(Attribute::computed("id", Type::String))
    }

    fn identity(&self) -> Option<IdentitySchema> {
        Some(IdentitySchema::new().required("id", Type::String, "The id of the book."))
    }

    fn read(&self, request: ReadRequest) -> Answer<'_, StateAnswer> {
        soon(StateAnswer::new(request.prior))
    }

    fn plan(&self, request: PlanRequest) -> Answer<'_, PlanAnswer> {
        let mut planned = request.proposed;
        let title = planned.get("title").clone();
        let id = title
            .as_str()
            .map_or(Value::UNKNOWN, |title| title.to_lowercase().into());
        planned.insert("id", id);
        let moved = !request.prior.is_null() && request.prior.get("title") != &title;
        soon(PlanAnswer {
            planned,
            requires_replace: moved.then(|| AttributePath::of("title")).into_iter().collect(),
            ..PlanAnswer::default()
        })
    }

    fn create(&self, request: CreateRequest) -> Answer<'_, StateAnswer> {
        Book::keep(&request.planned, &request.config)
    }

    fn update(&self, request: UpdateRequest) -> Answer<'_, StateAnswer> {
        Book::keep(&request.planned, &request.config)
    }

    fn delete(&self, _: DeleteRequest) -> Answer<'_, StateAnswer> {
        soon(StateAnswer::default())
    }

    fn import(&self, id: String) -> Answer<'_, StateAnswer> {
        let title = TITLES.into_iter().find(|title| title.to_lowercase() == id);
        soon(StateAnswer::new(
            title.map_or(Value::Null, |title| book(title, Value::Null)),
        ))
    }

    fn import_by_identity(&self, identity: Value) -> Answer<'_, StateAnswer> {
        self.import(text(&identity, "id"))
    }

    fn move_from(&self, source: &MoveSource<'_>) -> StateAnswer {
        if source.type_name != "old_tome" {
            let refused = Diagnostic::error("Move is not supported", format!("{} is no old_tome.", source.type_name));
            return StateAnswer::with(Value::Null, refused);
        }
        let name = Schema::new("").attribute(Attribute::optional("name", Type::String));
        match source.state.read(&name, UnknownAttributes::Drop) {
            Ok(tome) => StateAnswer::new(book(&text(&tome, "name"), Value::Null)),
            Err(diagnostic) => StateAnswer::with(Value::Null, diagnostic),
        }
    }
}

/// A data source.
struct Catalog;

impl DataSource for Catalog {
    fn type_name(&self) -> &'static str {
        "shelf_catalog"
    }

    fn schema(&self) -> Schema {
        Schema::new("What stands on the shelf.")
            .attribute(Attribute::optional("prefix", Type::String))
            .attribute(Attribute::computed("titles", Type::list(Type::String)))
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        let empty = config.get("prefix").as_str() == Some("");
        let refused = Diagnostic::error("The prefix is empty", "Leave it out.").at(AttributePath::of("prefix"));
        empty.then_some(refused).into_iter().collect()
    }

    fn read(&self, mut config: Value) -> Answer<'_, DataAnswer> {
        let prefix = text(&config, "prefix");
        let titles = TITLES.into_iter().filter(|title| title.starts_with(&prefix));
        config.insert("titles", Value::List(titles.map(Value::from).collect()));
        if prefix == "broken" {
            config.insert("titles", Value::UNKNOWN);
        }
        soon(DataAnswer::new(config))
    }
}

/// A function with a variadic parameter.
struct Join;

impl Function for Join {
    fn name(&self) -> &'static str {
        "join"
    }

    fn signature(&self) -> Signature {
        Signature::new("Joins texts.", Type::String)
            .parameter(Parameter::new("separator", Type::String, "What stands between."))
            .variadic(Parameter::new("part", Type::String, "A part."))
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let texts: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
        let Some((separator, parts)) = texts.split_first() else {
            return Err(FunctionError::new("nothing to join"));
        };
        match parts.iter().position(|part| part.contains(separator)) {
            Some(part) => Err(FunctionError::at(part + 1, "a part holds the separator")),
            None => Ok(parts.join(separator).into()),
        }
    }
}

/// A function that takes anything, null and unknown values included.
struct Describe;

impl Function for Describe {
    fn name(&self) -> &'static str {
        "describe"
    }

    fn signature(&self) -> Signature {
        let anything = Parameter::new("value", Type::Dynamic, "Anything.");
        Signature::new("Says what a value is.", Type::String).parameter(anything.allow_null().allow_unknown())
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let kind = arguments.first().map_or("nothing", |value| value.concrete().kind());
        Ok(kind.into())
    }
}

/// An ephemeral resource.
struct Key;

impl EphemeralResource for Key {
    fn type_name(&self) -> &'static str {
        "shelf_key"
    }

    fn schema(&self) -> Schema {
        Schema::new("A key to the shelf.")
            .attribute(Attribute::required("name", Type::String))
            .attribute(Attribute::computed("value", Type::String).sensitive())
    }

    fn open(&self, mut config: Value) -> Answer<'_, OpenAnswer> {
        let name = text(&config, "name");
        if name == "lost" {
            return soon(OpenAnswer::failed(Diagnostic::error(
                "There is no such key",
                "It is lost.",
            )));
        }
        note(&format!("opened {name}"));
        config.insert("value", format!("key-of-{name}").into());
        if name == "broken" {
            config.insert("value", Value::UNKNOWN);
        }
        soon(OpenAnswer {
            value: config,
            private: name.into_bytes(),
            renew_at: SystemTime::UNIX_EPOCH.checked_add(Duration::from_hours(1_000_000)),
            diagnostics: Diagnostics::new(),
        })
    }

    fn renew(&self, private: Private) -> Answer<'_, RenewAnswer> {
        soon(RenewAnswer {
            private: [private, b"+".to_vec()].concat(),
            ..RenewAnswer::default()
        })
    }

    fn close(&self, private: Private) -> Answer<'_, Diagnostics> {
        note(&format!("closed {}", String::from_utf8_lossy(&private)));
        soon(Diagnostics::new())
    }
}

/// A list resource.
struct Books;

impl ListResource for Books {
    fn type_name(&self) -> &'static str {
        "shelf_book"
    }

    fn schema(&self) -> Schema {
        Schema::new("The books on the shelf.").attribute(Attribute::optional("prefix", Type::String))
    }

    fn list(&self, config: Value) -> Answer<'_, Result<Listing, Diagnostics>> {
        let prefix = text(&config, "prefix");
        let found = TITLES.into_iter().filter(move |title| title.starts_with(&prefix));
        let listed = |title: &str| Listed {
            state: book(title, Value::Null),
            display_name: title.to_owned(),
            diagnostics: Diagnostics::new(),
        };
        soon(Ok(Box::new(found.map(listed))))
    }
}

/// An action.
struct Lend;

impl Action for Lend {
    fn type_name(&self) -> &'static str {
        "shelf_lend"
    }

    fn schema(&self) -> Schema {
        Schema::new("Lends a book.").attribute(Attribute::required("title", Type::String))
    }

    fn plan(&self, config: Value) -> Answer<'_, Diagnostics> {
        let lent = config.get("title").as_str() == Some("Emma");
        let warning = Diagnostic::warning("It is lent already", "Wait.").at(AttributePath::of("title"));
        soon(lent.then_some(warning).into_iter().collect())
    }

    fn invoke<'a>(&'a self, config: Value, progress: &'a Progress) -> Answer<'a, Diagnostics> {
        Box::pin(async move {
            let title = text(&config, "title");
            progress.say(format!("looking for {title}"));
            if title == "wait" {
                wait().await;
            }
            assert!(title != "panic", "asked to panic");
            progress.say(format!("found {title}"));
            note(&format!("lent {title}"));
            Diagnostics::new()
        })
    }
}

/// Waits until a test that listens at the socket named by `SHELF_MEET` hangs up.
async fn wait() {
    use tokio::io::AsyncReadExt as _;
    let path = std::env::var_os("SHELF_MEET").unwrap_or_default();
    if let Ok(mut test) = tokio::net::UnixStream::connect(path).await {
        // Hanging up is an end too.
        let _ = test.read_u8().await;
    }
}

struct Shelf {
    resources: Vec<Arc<dyn Resource>>,
    data_sources: Vec<Arc<dyn DataSource>>,
    functions: Vec<Arc<dyn Function>>,
    ephemeral_resources: Vec<Arc<dyn EphemeralResource>>,
    list_resources: Vec<Arc<dyn ListResource>>,
    actions: Vec<Arc<dyn Action>>,
}

impl Provider for Shelf {
    fn schema(&self) -> Schema {
        Schema::new("")
    }

    fn resources(&self) -> &[Arc<dyn Resource>] {
        &self.resources
    }

    fn data_sources(&self) -> &[Arc<dyn DataSource>] {
        &self.data_sources
    }

    fn functions(&self) -> &[Arc<dyn Function>] {
        &self.functions
    }

    fn ephemeral_resources(&self) -> &[Arc<dyn EphemeralResource>] {
        &self.ephemeral_resources
    }

    fn list_resources(&self) -> &[Arc<dyn ListResource>] {
        &self.list_resources
    }

    fn actions(&self) -> &[Arc<dyn Action>] {
        &self.actions
    }

    fn configure(&self, _: Value) -> Answer<'_, Diagnostics> {
        soon(Diagnostics::new())
    }
}

fn main() -> ExitCode {
    let shelf = Shelf {
        resources: vec![Arc::new(Book)],
        data_sources: vec![Arc::new(Catalog)],
        functions: vec![Arc::new(Describe), Arc::new(Join)],
        ephemeral_resources: vec![Arc::new(Key)],
        list_resources: vec![Arc::new(Books)],
        actions: vec![Arc::new(Lend)],
    };
    serve(shelf, ServeOptions::new("registry.terraform.io/test/shelf"))
}
