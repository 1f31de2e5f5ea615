//! Where a setting's value comes from.

use std::{collections::HashMap, fmt, path::Path};

use config::{Environment, File, FileFormat};

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
        let toml = File::from(path).format(FileFormat::Toml).required(file.is_some());
        let toml = flatten(config::Config::builder().add_source(toml), &shown)?;
        let dot_env = from_environment(read_dot_env(&folder.join(".env"))?, ".env")?;
        let environment = from_environment(environment.into_iter().collect(), "environment")?;
        let flags = flags.into_iter().map(|(name, value)| (name.to_owned(), Value::new(value))).collect();
        Ok(Self(vec![
            (Source::File(shown), toml),
            (Source::DotEnv, dot_env),
            (Source::Environment, environment),
            (Source::Flag, flags),
        ]))
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

/// A database URL may hold a password.
fn mask_password(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else { return text.to_owned() };
    if url.password().is_some() && url.set_password(Some("hidden")).is_ok() {
        url.to_string()
    } else {
        text.to_owned()
    }
}

fn read_dot_env(path: &Path) -> Result<HashMap<String, String>, Unreadable> {
    if !path.exists() {
        return Ok(HashMap::new());
    }
    dotenvy::from_path_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| Unreadable(format!("{}: {error}", path.display())))
}

fn from_environment(variables: HashMap<String, String>, shown: &str) -> Result<Layer, Unreadable> {
    let source = Environment::with_prefix("LATCHKEY").keep_prefix(false).source(Some(variables));
    flatten(config::Config::builder().add_source(source), shown)
}

fn flatten(
    builder: config::ConfigBuilder<config::builder::DefaultState>,
    shown: &str,
) -> Result<Layer, Unreadable> {
    let unreadable = |error: config::ConfigError| Unreadable(format!("{shown}: {error}"));
    let root = builder
        .build()
        .map_err(unreadable)?
        .try_deserialize::<HashMap<String, config::Value>>()
        .map_err(unreadable)?;
    let mut layer = Layer::new();
    for (name, value) in root {
        insert(&mut layer, name, value).map_err(unreadable)?;
    }
    Ok(layer)
}

fn insert(layer: &mut Layer, name: String, value: config::Value) -> Result<(), config::ConfigError> {
    match value.kind {
        config::ValueKind::Table(table) => {
            for (inner, value) in table {
                insert(layer, format!("{name}_{inner}"), value)?;
            }
        }
        config::ValueKind::Array(items) => {
            let items: Result<Vec<_>, _> = items.into_iter().map(config::Value::into_string).collect();
            layer.insert(name, Value::new(items?.join(",")));
        }
        _ => {
            layer.insert(name, Value::new(value.into_string()?));
        }
    }
    Ok(())
}
