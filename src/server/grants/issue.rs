//! Issuing many codes with one commit: for people who are signed in and need not be asked.

use std::{collections::HashMap, sync::Arc};

use super::{
    issuing::{self, Authorization, Made, Proved},
    rules,
    together::Kind,
};
use crate::{
    model::{
        id::UserId, level::Level, oauth::authorization_request::AuthorizationRequest,
        second_factor::SecondFactorPolicy,
    },
    server::{
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        config::SessionConfig,
        crypto::entropy::Entropy,
        error::Error,
        rate_limit::RateLimiter,
        store::{
            Durability, Store, StoreError,
            audit::{self, Event},
            by_ids::Change,
            client_sessions::{self, ClientSession},
            clients::Client,
            grants::{self, GrantRecord},
            grounds::{self, Ground, GroundRow},
            held_reader::HeldReader,
        },
        tokens::{
            authorization_code::Codes,
            refresh::{
                rotation::{Decision, decide},
                token::RefreshToken,
            },
        },
    },
};

pub struct Issuing {
    pub entropy: Entropy,
    pub codes: Codes,
    pub sessions: SessionConfig,
    pub second_factor: SecondFactorPolicy,
    pub rate_limiter: Arc<RateLimiter>,
}

/// Somebody who is signed in here signs in to an app.
pub struct AppSignIn {
    pub client: Arc<Client>,
    pub request: AuthorizationRequest,
    /// What the browser holds. It is ours; whether its session goes on is found out here.
    pub token: RefreshToken,
    pub now: Timestamp,
    pub info: ClientInfo,
}

/// What the app is answered with.
pub struct IssuedCode {
    pub code: String,
    pub user: UserId,
    /// Whether the token that was presented is of the newest generation, and nobody had used it before.
    pub is_first_use: bool,
}

impl Kind for Issuing {
    type Request = AppSignIn;
    type Outcome = IssuedCode;

    async fn decide(
        &self,
        requests: &[&AppSignIn],
        store: &Store,
        _: &mut HeldReader,
    ) -> Result<Vec<Option<IssuedCode>>, StoreError> {
        let pair = |sign_in: &&AppSignIn| grounds::pair(&sign_in.token.session, &sign_in.client.id);
        let pairs: Vec<_> = requests.iter().map(pair).collect();
        let asked: Vec<_> = pairs.iter().map(String::as_str).collect();
        let (tx, rows) = grounds::begin_with(store, Durability::Later, &asked).await?;
        // A row that breaks a rule fails those alone who need it.
        let ground = |(pair, row): (String, GroundRow)| Some((pair, Ground::try_from(row).ok()?));
        let mut grounds: HashMap<_, _> = rows.into_iter().filter_map(ground).collect();
        let mut rows = Rows::default();
        let issue = |(sign_in, pair): (&&AppSignIn, &String)| {
            let ground = grounds.get_mut(pair)?;
            let checked = self.check(sign_in, ground)?;
            rows.issue(sign_in, ground, checked, (&self.entropy, &self.codes)).ok()
        };
        let outcomes = requests.iter().zip(&pairs).map(issue).collect();
        tx.commit_with(rows.changes()?).await?;
        Ok(outcomes)
    }
}

impl Issuing {
    /// Nothing: the person must be asked, or is refused, or their token says more than that they are there.
    fn check(&self, sign_in: &AppSignIn, ground: &Ground) -> Option<Checked> {
        let (session, user) = &ground.of;
        let AppSignIn { client, request, token, now, .. } = sign_in;
        let is_newest = match decide(session, token.generation, *now, &self.sessions) {
            Decision::Keep | Decision::Rotate => true,
            Decision::Reissue(_) => false,
            Decision::Ended(_) | Decision::Reuse | Decision::Unknown => return None,
        };
        let allowed = rules::Allowed { may_use: ground.may_use, consent: ground.consent.as_ref() };
        let acr = rules::met_by(request, self.second_factor, session.methods.level()).ok()?;
        let is_allowed = ground.client_is_enabled
            && request.subject.as_ref().is_none_or(|subject| *subject == user.id)
            && rules::is_recent(request, *now, session.authenticated_at)
            && rules::allows(client, user, &request.scopes, &request.resources, allowed)
            // Last: only what is issued counts.
            && self.rate_limiter.check_code(&user.id).is_ok();
        is_allowed.then_some(Checked { acr, is_first_use: is_newest && !session.confirmed })
    }
}

/// What is known of somebody who gets a code.
#[derive(Clone, Copy)]
struct Checked {
    /// The level of which the client is told.
    acr: Option<Level>,
    is_first_use: bool,
}

/// What the requests of a group make, table by table.
#[derive(Default)]
struct Rows {
    client_sessions: Vec<ClientSession>,
    grants: Vec<GrantRecord>,
    events: Vec<(Timestamp, ClientInfo, Event)>,
}

impl Rows {
    /// The code. The client session that was begun for it is that of all who come after.
    fn issue(
        &mut self,
        sign_in: &AppSignIn,
        ground: &mut Ground,
        checked: Checked,
        (entropy, codes): (&Entropy, &Codes),
    ) -> Result<IssuedCode, Error> {
        let AppSignIn { client, request, now, info, .. } = sign_in;
        let (session, user) = &ground.of;
        let (secret, code) = issuing::code(entropy, *now, request)?;
        let authorization = Authorization {
            client,
            scopes: &request.scopes,
            resources: &request.resources,
            session,
            proved: Proved { at: session.authenticated_at, methods: session.methods },
            acr: checked.acr,
            code: Some(code),
            now: *now,
        };
        let Made { client_sessions, grant, event } =
            authorization.make(entropy, ground.client_session.clone())?;
        let issued = IssuedCode {
            code: codes.code(&grant.id, &secret),
            user: user.id.clone(),
            is_first_use: checked.is_first_use,
        };
        ground.client_session = Some(grant.sign_in.clone());
        self.client_sessions.extend(client_sessions);
        self.grants.push(grant);
        self.events.push((*now, info.clone(), event));
        Ok(issued)
    }

    fn changes(&self) -> Result<Vec<Change>, StoreError> {
        let events = self.events.iter();
        let events: Vec<_> =
            events.map(|(now, client, event)| (ActionContext { now: *now, client }, event)).collect();
        Ok(vec![
            client_sessions::insertion(&self.client_sessions),
            grants::insertion(&self.grants)?,
            audit::recording(&events),
        ])
    }
}
