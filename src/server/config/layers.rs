//! Where a setting's value comes from.

use std::{collections::HashMap, fmt, fs, io, path::Path};

use toml::Table;
use url::Url;

use super::{SETTINGS, Setting, value::Value};

/// One source's values, flat: a table `[sessions]` with `idle_ttl` is `sessions_idle_ttl`.
type Layer = HashMap<String, Value>;

/// The source of a value, later ones above earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    File(String),
    DotEnv,
    Environment,
    Flag,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => f.write_str(path),
            Self::DotEnv => f.write_str(".env"),
            Self::Environment => f.write_str("environment"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// Settings given as flags: name and value.
pub type Overrides = Vec<(&'static str, String)>;

/// All sources, lowest first.
#[derive(Debug)]
pub struct Layers(Vec<(Source, Layer)>);

/// A source that cannot be read at all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(String);

impl Layers {
    /// Reads the folder's `.env` and the file, and takes the environment and the flags.
    ///
    /// `file` must exist if it was asked for; `latchkey.toml` is read if it is there.
    pub fn read(
        folder: &Path,
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Overrides,
    ) -> Result<Self, Unreadable> {
        let path = file.map_or_else(|| folder.join("latchkey.toml"), Path::to_path_buf);
        let shown = path.display().to_string();
        let toml = read_toml(&path, &shown, file.is_some())?;
        let dot_env = from_environment(read_dot_env(&folder.join(".env"))?);
        let environment = from_environment(environment);
        let flags = flags.into_iter().map(|(name, value)| (name.to_owned(), Value::new(value))).collect();
        Ok(Self(vec![
            (Source::File(shown), toml),
            (Source::DotEnv, dot_env),
            (Source::Environment, environment),
            (Source::Flag, flags),
        ]))
    }

    /// What a file like `latchkey.toml` says, alone.
    #[cfg(any(test, fuzzing))]
    pub fn of_toml(text: &str) -> Result<Self, Unreadable> {
        Ok(Self(vec![(Source::File("-".to_owned()), parse_toml(text, "-")?)]))
    }

    /// What a file like `.env` says, alone.
    #[cfg(any(test, fuzzing))]
    pub fn of_dot_env(text: &str) -> Result<Self, Unreadable> {
        Ok(Self(vec![(Source::DotEnv, from_environment(parse_dot_env(text, "-")?))]))
    }

    fn find(&self, name: &str) -> Option<(&Source, &Value)> {
        self.0.iter().rev().find_map(|(source, layer)| layer.get(name).map(|value| (source, value)))
    }

    /// The value that counts.
    pub(super) fn value(&self, name: &str) -> Value {
        let default =
            || SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.default);
        self.find(name).map_or_else(|| Value::new(default()), |(_, value)| value.clone())
    }

    /// Where that value comes from.
    pub fn source(&self, name: &str) -> Source {
        self.find(name).map_or(Source::Default, |(source, _)| source.clone())
    }

    /// What `latchkey doctor` shows as the value: a secret only by its length.
    pub fn shown(&self, setting: &Setting) -> String {
        let value = self.value(setting.name);
        match (setting.secret, value.is_empty()) {
            (_, true) => "(not set)".to_owned(),
            (true, false) => format!("({} characters)", value.as_str().chars().count()),
            (false, false) => mask_password(value.as_str()),
        }
    }

    /// Names that are no setting. In the environment some are none of ours: Kubernetes sets `LATCHKEY_PORT` and
    /// `LATCHKEY_SERVICE_…` in every pod beside a service called "latchkey".
    pub(super) fn unknown(&self) -> Vec<(String, Source)> {
        let known = |name: &str| SETTINGS.iter().any(|setting| setting.name == name);
        let kubernetes =
            |name: &str| name == "port" || name.starts_with("port_") || name.starts_with("service_");
        let mut unknown: Vec<_> = self
            .0
            .iter()
            .flat_map(|(source, layer)| layer.keys().map(move |name| (source, name)))
            .filter(|(source, name)| !(known(name) || (**source == Source::Environment && kubernetes(name))))
            .map(|(source, name)| (Setting::variable(name), source.clone()))
            .collect();
        unknown.sort_by(|a, b| a.0.cmp(&b.0));
        unknown
    }
}

/// A database URL may hold a password, before the host or as a parameter.
fn mask_password(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        // What is no URL may still be meant as one.
        return text.split_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("hidden@{rest}"));
    };
    let secret = |name: &str| name.to_lowercase().contains("pass");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if url.password().is_none() && !pairs.iter().any(|(name, _)| secret(name)) {
        return text.to_owned();
    }
    if url.password().is_some() && url.set_password(Some("hidden")).is_err() {
        return "(hidden)".to_owned();
    }
    if !pairs.is_empty() {
        let masked =
            pairs.iter().map(|(name, value)| (name, if secret(name) { "hidden" } else { value.as_str() }));
        url.query_pairs_mut().clear().extend_pairs(masked);
    }
    url.to_string()
}

fn read_dot_env(path: &Path) -> Result<HashMap<String, String>, Unreadable> {
    if !path.exists() {
        return Ok(HashMap::new());
    }
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| Unreadable(format!("{shown}: {error}")))?;
    parse_dot_env(&text, &shown)
}

fn parse_dot_env(text: &str, shown: &str) -> Result<HashMap<String, String>, Unreadable> {
    dotenvy::from_read_iter(text.as_bytes()).collect::<Result<_, _>>().map_err(|error| match error {
        // The line's number and not the line: it may hold a secret. The library says neither which it is, nor anything
        // else that does not repeat it.
        dotenvy::Error::LineParse(line, _) => {
            let before = text.find(line.trim_end_matches('\n')).map_or(&text[..0], |at| &text[..at]);
            Unreadable(format!("{shown}: line {} is not NAME=VALUE", before.matches('\n').count() + 1))
        }
        _ => Unreadable(format!("{shown}: can't be read")),
    })
}

fn from_environment(variables: impl IntoIterator<Item = (String, String)>) -> Layer {
    let ours = |(name, value): (String, String)| {
        let name = name.to_lowercase().strip_prefix("latchkey_")?.to_owned();
        Some((name, Value::new(value)))
    };
    variables.into_iter().filter_map(ours).collect()
}

/// Reads the file. It need not be there unless it was asked for.
fn read_toml(path: &Path, shown: &str, required: bool) -> Result<Layer, Unreadable> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !required => return Ok(Layer::new()),
        Err(error) => return Err(Unreadable(format!("{shown}: {error}"))),
    };
    parse_toml(&text, shown)
}

fn parse_toml(text: &str, shown: &str) -> Result<Layer, Unreadable> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        // The line's number and not the line, nor what the library says about it: both may hold a secret.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        Unreadable(format!("{shown}: line {} is not TOML", before.matches('\n').count() + 1))
    })?;
    let mut layer = Layer::new();
    for (name, value) in table {
        flatten(&mut layer, name.to_lowercase(), value);
    }
    Ok(layer)
}

/// `[sessions]` with `idle_ttl` is `sessions_idle_ttl`; a list is its items with commas between.
fn flatten(layer: &mut Layer, name: String, value: toml::Value) {
    match value {
        toml::Value::Table(table) => {
            for (inner, value) in table {
                flatten(layer, format!("{name}_{}", inner.to_lowercase()), value);
            }
        }
        toml::Value::Array(items) => {
            let items: Vec<_> = items.iter().map(text_of).collect();
            layer.insert(name, Value::new(items.join(",")));
        }
        value => {
            layer.insert(name, Value::new(text_of(&value)));
        }
    }
}

fn text_of(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
