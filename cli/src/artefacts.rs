//! Policy modules as commands reach them: the store of this machine, the registries they come from, and whose
//! signatures they need.
//!
//! Only what a person asked for talks to a registry; nothing here is on the way of `nhi check`. What comes from one
//! enters the store after its digest and its signatures were found to be what they should be, not before.

use std::env;
use std::path::{Path, PathBuf};

use nhi_governance::{Digest, Problem};
use nhi_modules::{Access, Artifact, Login, Manifest, Named, NamedBy, PublicKey, Remote, Store};
use nhi_policy_file::{ModulesTerms, Source, Version};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::input;
use crate::output::Progress;
use crate::policy;

/// The policy file that is meant where none is named.
const POLICY_DEFAULT: &str = "nhi.hcl";
/// Bytes of a file with a public key.
const KEY_BYTES_MAX: u64 = 64 << 10;

/// A problem of a module's artefact, as the failure of a command.
pub(crate) fn failure(problem: Problem) -> Failure {
    Failure::undecided(format!("{}: {}", problem.code, problem.message)).help(problem.help)
}

/// The store of this machine: `NHI_MODULE_STORE`, or `nhi/modules` where programs keep their data.
pub(crate) fn store() -> Result<Store, Failure> {
    if let Some(folder) = set("NHI_MODULE_STORE") {
        return Ok(Store::at(folder));
    }
    let base = set("XDG_DATA_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(env::home_dir()?.join(".local").join("share")));
    let base = base.filter(|folder| folder.is_absolute());
    base.map(|folder| Store::at(folder.join("nhi").join("modules")))
        .ok_or_else(|| {
            Failure::undecided("there is no folder to keep modules in: this user has no home")
                .help("name one with `NHI_MODULE_STORE`")
        })
}

fn set(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// What a policy file says of modules.
pub(crate) fn terms(path: &Path) -> Result<ModulesTerms, Failure> {
    nhi_policy_file::load_modules(path).map_err(|error| policy::failure(&error))
}

/// Whose signatures count.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub(crate) struct TrustArgs {
    /// The policy file whose `signer` and `trust` blocks decide; `nhi.hcl` where none is named
    #[arg(long, value_name = "FILE", env = "NHI_POLICY", value_hint = clap::ValueHint::FilePath)]
    policy: Option<PathBuf>,
    /// A public key that has to have signed, in the place of a policy file; may be given more than once
    #[arg(long = "key", value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    keys: Vec<PathBuf>,
}

/// What is trusted by default is nobody.
#[cold]
fn nobody() -> Failure {
    Failure::undecided(format!(
        "nobody said whose signatures count: there is no `{POLICY_DEFAULT}` in this folder"
    ))
    .help("name the policy file with `--policy`, or the public key of the signer with `--key`")
}

/// Whose signatures a module needs.
#[derive(Debug)]
pub(crate) enum Trust {
    /// Each of these keys, by the name of its file.
    Keys(Vec<(String, PublicKey)>),
    /// What a policy file asks for.
    Terms(ModulesTerms),
}

impl TrustArgs {
    /// The keys that are named, or the policy file.
    pub(crate) fn load(&self) -> Result<Trust, Failure> {
        if self.keys.is_empty() {
            let file = self.file().ok_or_else(nobody)?;
            return terms(&file).map(Trust::Terms);
        }
        let keys = self
            .keys
            .iter()
            .map(|path| Ok((path.display().to_string(), public_key(path)?)));
        keys.collect::<Result<_, Failure>>().map(Trust::Keys)
    }

    /// The keys that are known here, with the names of their holders: those that are named, or those of a policy file
    /// that is named or there.
    pub(crate) fn known(&self) -> Result<Vec<(String, PublicKey)>, Failure> {
        if self.keys.is_empty() && self.file().is_none() {
            return Ok(Vec::new());
        }
        match self.load()? {
            Trust::Keys(keys) => Ok(keys),
            Trust::Terms(terms) => nhi_modules::signers(&terms).map_err(failure),
        }
    }

    /// The policy file that is named, or that is there.
    fn file(&self) -> Option<PathBuf> {
        let named = self.policy.clone().filter(|path| !path.as_os_str().is_empty());
        named.or_else(|| Some(POLICY_DEFAULT.into()).filter(|path: &PathBuf| path.exists()))
    }
}

impl Trust {
    /// Who has signed a manifest; a failure where that is not enough.
    pub(crate) fn hear(&self, source: &Source, manifest: &[u8], bundles: &[Vec<u8>]) -> Result<Vec<String>, Problem> {
        match self {
            Self::Terms(terms) => nhi_modules::hear(terms, source, manifest, bundles).map(|heard| heard.signers),
            Self::Keys(keys) => nhi_modules::hear_keys(keys, manifest, bundles).map(|heard| heard.signers),
        }
    }
}

/// Who has signed a manifest that is from somewhere, as far as anybody knows; the inner problem where that is not enough.
pub(crate) fn hear(
    trust: &Trust,
    source: Option<&Source>,
    manifest: &[u8],
    bundles: &[Vec<u8>],
) -> Result<Result<Vec<String>, Problem>, Failure> {
    match (trust, source) {
        (Trust::Keys(keys), _) => Ok(nhi_modules::hear_keys(keys, manifest, bundles).map(|heard| heard.signers)),
        (Trust::Terms(_), Some(source)) => Ok(trust.hear(source, manifest, bundles)),
        // Which `trust` block counts depends on it, and a guess could be the weakest one.
        (Trust::Terms(_), None) => Err(Failure::usage("nobody said which repository the module is from").help(
            "name it with `--source oci://registry.example/team/rules`, or the public key of its signer with `--key`",
        )),
    }
}

/// Shows how far a transfer is, where somebody watches.
pub(crate) fn watch(word: &'static str) -> impl FnMut(u64, u64) + 'static {
    let mut progress = Progress::new();
    move |done, total| {
        progress.show(|| format!("{word}: {} of {} KiB", done / 1024, total.max(done) / 1024));
    }
}

/// A public key out of its file.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let shown = path.display();
    let help = "name the file that `nhi module keygen` wrote with `.pub` at its end";
    let unreadable = |why: String| Failure::usage(format!("the public key `{shown}` cannot be read: {why}")).help(help);
    let bytes = input::read_file(path, KEY_BYTES_MAX)
        .map_err(|error| unreadable(error.to_string()))?
        .ok_or_else(|| unreadable("it is too long".to_owned()))?;
    let text = String::from_utf8(bytes).map_err(|_| unreadable("it is not text".to_owned()))?;
    PublicKey::parse(&text).map_err(failure)
}

/// How a registry is spoken to.
#[derive(Debug, Clone, Copy, clap::Args)]
#[group(skip)]
pub(crate) struct RemoteArgs {
    /// Speak to the registry without TLS, also where it is another machine; no credentials are sent there then
    #[arg(long)]
    pub(crate) plain_http: bool,
}

impl RemoteArgs {
    /// The repository of a source. Name and password come from `NHI_REGISTRY_USERNAME` and `NHI_REGISTRY_PASSWORD`, or
    /// from what `docker login` keeps.
    pub(crate) fn open(self, source: &Source, named_by: NamedBy) -> Result<Remote, Failure> {
        let access = Access {
            plain_http: self.plain_http,
            login: login(source, named_by)?,
        };
        Remote::with(source, access).map_err(failure)
    }
}

fn login(source: &Source, named_by: NamedBy) -> Result<Option<Login>, Failure> {
    let text = |name: &str| match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("`{name}` is not text"))),
    };
    let (name, password) = match (text("NHI_REGISTRY_USERNAME")?, text("NHI_REGISTRY_PASSWORD")?) {
        (None, None) => return Ok(None),
        (Some(name), Some(password)) => (name, Zeroizing::new(password)),
        _ => {
            return Err(Failure::usage(
                "one of `NHI_REGISTRY_USERNAME` and `NHI_REGISTRY_PASSWORD` is set without the other",
            )
            .help("set both, or neither and use `docker login`"));
        }
    };
    let Source::Oci { registry, .. } = source else {
        return Ok(None);
    };
    let is_meant = match text("NHI_REGISTRY_HOST")? {
        Some(host) => host == *registry,
        None => named_by == NamedBy::CommandLine,
    };
    Ok(is_meant.then_some(Login { name, password }))
}

/// A module in a registry: `oci://registry.example/team/rules:1.2.3`, with `@sha256:…` where its digest is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) source: Source,
    pub(crate) version: Option<Version>,
    pub(crate) digest: Option<Digest>,
}

impl Reference {
    /// Reads a reference.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "write `oci://registry.example/team/rules:1.2.3`";
        let rest = text.strip_prefix("oci://").ok_or(FORM)?;
        let (rest, digest) = match rest.split_once("@sha256:") {
            Some((rest, hex)) => (
                rest,
                Some(Digest::parse(hex).map_err(|_| "the digest is not SHA-256 in hexadecimal")?),
            ),
            None => (rest, None),
        };
        // A colon before the first slash is that of a port.
        let (name, version) = match rest.rsplit_once(':') {
            Some((name, version)) if name.contains('/') => (name, Some(version)),
            _ => (rest, None),
        };
        let version = version.map(|text| {
            let version = Version::parse(text).ok().filter(|version| version.build.is_empty());
            version.ok_or("the tag is not a version: write major, minor and patch, such as `1.2.3`")
        });
        Ok(Self {
            source: Source::parse(&format!("oci://{name}"))
                .map_err(|problem| format!("{}: {FORM}", problem.message))?,
            version: version.transpose()?,
            digest,
        })
    }
}

/// A module that came from a registry, and who has signed it.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) named: Named,
    pub(crate) artifact: Artifact,
    pub(crate) signers: Vec<String>,
}

/// Fetches a version. Its digest and its signatures are looked at first, its bytes are fetched then, and only what is as
/// it should be enters the store.
///
/// A version that this machine knows with another digest is refused, unless the digest is given.
pub(crate) fn fetch(
    remote: &Remote,
    source: &Source,
    version: &Version,
    digest: Option<&Digest>,
    trust: &Trust,
    store: &Store,
) -> Result<Fetched, Problem> {
    let (found, manifest) = remote.resolve(version)?;
    if let Some(wanted) = digest.filter(|wanted| **wanted != found) {
        return Err(nhi_modules::moved(source, version, wanted, &found));
    }
    let named = Named {
        source: source.clone(),
        version: version.clone(),
        manifest: found,
    };
    if digest.is_none() {
        store.refuse_moved(&named)?;
    }
    is_version(&manifest, version)?;
    let attachments = remote.attachments(&named.manifest)?;
    let signers = trust.hear(source, &manifest, &nhi_modules::bundles(&attachments))?;
    let artifact = remote.pull(&named.manifest)?;
    for attachment in &attachments {
        store.attach(&named.manifest, attachment)?;
    }
    store.put(&artifact)?;
    store.name(&named, digest.is_some())?;
    Ok(Fetched {
        named,
        artifact,
        signers,
    })
}

/// Whether a manifest, which is what is signed, is of this version: an old module with an old hole under a new tag has
/// good signatures too.
fn is_version(manifest: &[u8], version: &Version) -> Result<(), Problem> {
    let told = Manifest::read(manifest)?.version;
    if told.as_deref() == Some(&version.to_string()) {
        return Ok(());
    }
    Err(nhi_modules::mislabelled(version, told.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::Reference;

    #[test]
    fn references() {
        let hex = "ab".repeat(32);
        for (text, source, version, digest) in [
            ("oci://r.example/team/rules", "oci://r.example/team/rules", None, false),
            (
                "oci://r.example/team/rules:1.2.3",
                "oci://r.example/team/rules",
                Some("1.2.3"),
                false,
            ),
            ("oci://localhost:5000/rules", "oci://localhost:5000/rules", None, false),
            (
                "oci://[::1]:5000/rules:1.0.0-rc.1",
                "oci://[::1]:5000/rules",
                Some("1.0.0-rc.1"),
                false,
            ),
            (
                &format!("oci://r.example/a:1.0.0@sha256:{hex}"),
                "oci://r.example/a",
                Some("1.0.0"),
                true,
            ),
            (
                &format!("oci://r.example/a@sha256:{hex}"),
                "oci://r.example/a",
                None,
                true,
            ),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.source.to_string(), source, "{text}");
            assert_eq!(
                reference.version.map(|version| version.to_string()).as_deref(),
                version,
                "{text}"
            );
            assert_eq!(reference.digest.is_some(), digest, "{text}");
        }
        for text in [
            "",
            "rules:1.0.0",
            "https://r.example/rules:1.0.0",
            "oci://r.example",
            "oci://r.example/rules:latest",
            "oci://r.example/rules:1.2",
            "oci://r.example/rules:1.2.3+build",
            "oci://r.example/rules@sha256:ab",
            "oci://r.example/rules@sha512:ab",
            "oci://name:password@r.example/rules:1.0.0",
        ] {
            let why = Reference::parse(text).unwrap_err();
            assert!(!why.contains("password"), "{why}");
        }
    }
}
