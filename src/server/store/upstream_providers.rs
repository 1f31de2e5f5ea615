//! Providers through which people come in. Their secrets are among the sealed ones.

use sqlx::FromRow;

use super::{
    Queryable, StoreError, Tx, corrupt, execute, expect_one_row, fetch_all, fetch_optional, postgres::lock,
    statements,
};
use crate::{
    model::{
        display_name::DisplayName,
        id::ProviderId,
        oauth::scope::Scopes,
        upstream::{
            algorithms::Algorithms, claim_rule::ClaimRules, issuer::Issuer, linked::ProviderButton,
            metadata::Metadata, preset::Preset, sign_up::SignUp, slug::ProviderSlug,
        },
    },
    server::clock::Timestamp,
};

/// A provider as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    pub id: ProviderId,
    pub slug: ProviderSlug,
    /// As the sign-in page calls it.
    pub name: DisplayName,
    pub preset: Preset,
    pub issuer: Issuer,
    /// Who we are there.
    pub client_id: String,
    pub scopes: Scopes,
    pub algorithms: Algorithms,
    pub sign_up: SignUp,
    /// Whether people may link it to the account that they have.
    pub linking: bool,
    pub rules: ClaimRules,
    /// Whether a rule may give the role `admin`.
    pub admin_by_rule: bool,
    /// Whether it may be inside the network.
    pub private_address: bool,
    pub metadata: Metadata,
    /// When it last said what it is.
    pub discovered_at: Timestamp,
    /// What went wrong since, when it was asked last.
    pub discovery_failure: Option<DiscoveryFailure>,
    pub created_at: Timestamp,
    pub disabled_at: Option<Timestamp>,
}

/// Why a provider that was asked about itself stays as it was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryFailure {
    pub at: Timestamp,
    pub problem: String,
}

impl Provider {
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }

    /// The name of its secret among the sealed ones.
    pub fn secret_name(&self) -> String {
        format!("upstream provider {}", self.id)
    }

    pub fn button(&self) -> ProviderButton {
        let initial = self.preset.initial(self.name.as_str());
        ProviderButton { slug: self.slug.clone(), name: self.name.to_string(), initial }
    }
}

#[derive(FromRow)]
struct ProviderRow {
    id: String,
    slug: String,
    name: String,
    preset: String,
    issuer: String,
    client_id: String,
    scopes: String,
    algorithms: String,
    sign_up: String,
    linking: bool,
    rules: String,
    admin_by_rule: bool,
    private_address: bool,
    metadata: String,
    discovered_at: Timestamp,
    created_at: Timestamp,
    disabled_at: Option<Timestamp>,
    discovery_failed_at: Option<Timestamp>,
    discovery_problem: Option<String>,
}

const TABLE: &str = "upstream_providers";

impl TryFrom<ProviderRow> for Provider {
    type Error = StoreError;
    fn try_from(row: ProviderRow) -> Result<Self, StoreError> {
        let id = row.id;
        Ok(Self {
            slug: ProviderSlug::parse(&row.slug).map_err(corrupt(TABLE, &id))?,
            name: DisplayName::parse(&row.name).map_err(corrupt(TABLE, &id))?,
            preset: Preset::parse(&row.preset).map_err(corrupt(TABLE, &id))?,
            issuer: Issuer::parse(&row.issuer).map_err(corrupt(TABLE, &id))?,
            client_id: row.client_id,
            scopes: Scopes::parse(&row.scopes).map_err(corrupt(TABLE, &id))?,
            algorithms: Algorithms::parse(&row.algorithms).map_err(corrupt(TABLE, &id))?,
            sign_up: SignUp::parse(&row.sign_up).map_err(corrupt(TABLE, &id))?,
            linking: row.linking,
            rules: ClaimRules::parse(&row.rules).map_err(corrupt(TABLE, &id))?,
            admin_by_rule: row.admin_by_rule,
            private_address: row.private_address,
            metadata: serde_json::from_str(&row.metadata).map_err(corrupt(TABLE, &id))?,
            discovered_at: row.discovered_at,
            discovery_failure: row
                .discovery_failed_at
                .zip(row.discovery_problem)
                .map(|(at, problem)| DiscoveryFailure { at, problem }),
            created_at: row.created_at,
            disabled_at: row.disabled_at,
            id: ProviderId::parse(&id).map_err(corrupt(TABLE, &id))?,
        })
    }
}

statements! {
    BY_ID = "SELECT * FROM upstream_providers WHERE id = $1";
    BY_SLUG = "SELECT * FROM upstream_providers WHERE slug = $1";
    ALL = "SELECT * FROM upstream_providers ORDER BY name, slug";
    INSERT = "INSERT INTO upstream_providers (id, slug, name, preset, issuer, client_id, scopes, algorithms, sign_up, linking,
                  rules, admin_by_rule, private_address, metadata, discovered_at, created_at)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING";
    UPDATE = "UPDATE upstream_providers SET name = $2, client_id = $3, scopes = $4, algorithms = $5, sign_up = $6, linking = $7,
                  rules = $8, admin_by_rule = $9, private_address = $10, metadata = $11, discovered_at = $12,
                  disabled_at = $13, discovery_failed_at = $14, discovery_problem = $15
              WHERE id = $1";
    DELETE = "DELETE FROM upstream_providers WHERE id = $1";
}

pub async fn by_id(db: &mut impl Queryable, id: &ProviderId) -> Result<Option<Provider>, StoreError> {
    let row: Option<ProviderRow> = fetch_optional!(db, BY_ID, id.as_str())?;
    row.map(Provider::try_from).transpose()
}

pub async fn by_slug(db: &mut impl Queryable, slug: &ProviderSlug) -> Result<Option<Provider>, StoreError> {
    let row: Option<ProviderRow> = fetch_optional!(db, BY_SLUG, slug.as_str())?;
    row.map(Provider::try_from).transpose()
}

/// The provider, held for this transaction against other changes of it.
pub async fn lock_by_id(tx: &mut Tx, id: &ProviderId) -> Result<Option<Provider>, StoreError> {
    tx.lock_row(lock::PROVIDER, id.as_str()).await?;
    by_id(tx, id).await
}

/// All of them by name: there are a few.
pub async fn all(db: &mut impl Queryable) -> Result<Vec<Provider>, StoreError> {
    let rows: Vec<ProviderRow> = fetch_all!(db, ALL)?;
    rows.into_iter().map(Provider::try_from).collect()
}

/// `false`: there is one of that slug or issuer.
pub async fn insert(tx: &mut Tx, provider: &Provider) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        INSERT,
        provider.id.as_str(),
        provider.slug.as_str(),
        provider.name.as_str(),
        provider.preset.as_str(),
        provider.issuer.as_str(),
        &provider.client_id,
        provider.scopes.to_string(),
        provider.algorithms.to_string(),
        provider.sign_up.to_string(),
        provider.linking,
        provider.rules.to_string(),
        provider.admin_by_rule,
        provider.private_address,
        metadata(provider)?,
        provider.discovered_at,
        provider.created_at
    )?;
    Ok(rows == 1)
}

/// Writes all that can be changed of a provider. Its slug and its issuer stay: who somebody is hangs on them.
pub async fn update(tx: &mut Tx, provider: &Provider) -> Result<(), StoreError> {
    let failure = provider.discovery_failure.as_ref();
    let rows = execute!(
        tx,
        UPDATE,
        provider.id.as_str(),
        provider.name.as_str(),
        &provider.client_id,
        provider.scopes.to_string(),
        provider.algorithms.to_string(),
        provider.sign_up.to_string(),
        provider.linking,
        provider.rules.to_string(),
        provider.admin_by_rule,
        provider.private_address,
        metadata(provider)?,
        provider.discovered_at,
        provider.disabled_at,
        failure.map(|failure| failure.at),
        failure.map(|failure| failure.problem.as_str())
    )?;
    expect_one_row(rows, TABLE, provider.id.as_str())
}

/// Deletes a provider, and who people are there.
pub async fn delete(tx: &mut Tx, id: &ProviderId) -> Result<(), StoreError> {
    let rows = execute!(tx, DELETE, id.as_str())?;
    expect_one_row(rows, TABLE, id.as_str())
}

fn metadata(provider: &Provider) -> Result<String, StoreError> {
    serde_json::to_string(&provider.metadata).map_err(corrupt(TABLE, provider.id.as_str()))
}
