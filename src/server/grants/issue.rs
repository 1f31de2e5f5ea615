//! Issuing many codes with one commit: for people who are signed in and need not be asked.

use std::{collections::HashMap, sync::Arc};

use super::{
    issuing::{self, Authorization, Made, Proved},
    rules,
    together::Kind,
};
use crate::{
    model::{
        id::{SessionId, UserId},
        level::Level,
        oauth::authorization_request::AuthorizationRequest,
    },
    server::{
        client_info::{ActionContext, ClientInfo},
        clock::Timestamp,
        crypto::entropy::Entropy,
        error::Error,
        store::{
            Store, StoreError, Tx,
            audit::{self, Event},
            client_sessions::{self, ClientSession},
            clients::Client,
            grants::{self, GrantRecord},
            grounds::{self, Ground, GroundRow},
            held_reader::HeldReader,
        },
    },
};

pub struct Issuing {
    pub entropy: Entropy,
}

/// Somebody who is signed in here signs in to an app.
pub struct AppSignIn {
    pub client: Arc<Client>,
    pub request: AuthorizationRequest,
    pub user: UserId,
    pub session: SessionId,
    pub proved: Proved,
    /// The level that the client has asked for, and that is met.
    pub acr: Option<Level>,
    pub now: Timestamp,
    pub info: ClientInfo,
}

impl Kind for Issuing {
    type Request = AppSignIn;
    type Outcome = String;

    async fn decide(
        &self,
        requests: &[&AppSignIn],
        store: &Store,
        _: &mut HeldReader,
    ) -> Result<Vec<Option<String>>, StoreError> {
        let pairs: Vec<_> =
            requests.iter().map(|sign_in| grounds::pair(&sign_in.session, &sign_in.client.id)).collect();
        let asked: Vec<_> = pairs.iter().map(String::as_str).collect();
        let mut tx = store.begin().await?;
        // A row that breaks a rule fails those alone who need it.
        let rows = grounds::lock_free(&mut tx, &asked).await?;
        let ground = |(pair, row): (String, GroundRow)| Some((pair, Ground::try_from(row).ok()?));
        let mut grounds: HashMap<_, _> = rows.into_iter().filter_map(ground).collect();
        let mut rows = Rows::default();
        let issue = |(sign_in, pair): (&&AppSignIn, &String)| {
            let ground = grounds.get_mut(pair)?;
            if is_allowed(sign_in, ground) { rows.issue(sign_in, ground, &self.entropy).ok() } else { None }
        };
        let outcomes = requests.iter().zip(&pairs).map(issue).collect();
        rows.write(&mut tx).await?;
        tx.commit().await?;
        Ok(outcomes)
    }
}

fn is_allowed(sign_in: &AppSignIn, ground: &Ground) -> bool {
    let (session, user) = &ground.of;
    let AuthorizationRequest { scopes, resources, .. } = &sign_in.request;
    let allowed = rules::Allowed { may_use: ground.may_use, consent: ground.consent.as_ref() };
    ground.client_is_enabled
        && user.id == sign_in.user
        && session.is_live(sign_in.now)
        && rules::allows(&sign_in.client, user, scopes, resources, allowed)
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
        entropy: &Entropy,
    ) -> Result<String, Error> {
        let AppSignIn { client, request, proved, acr, now, info, .. } = sign_in;
        let (secret, code) = issuing::code(entropy, *now, request)?;
        let authorization = Authorization {
            client,
            scopes: &request.scopes,
            resources: &request.resources,
            session: &ground.of.0,
            proved: *proved,
            acr: *acr,
            code: Some(code),
            now: *now,
        };
        let Made { client_sessions, grant, event } =
            authorization.make(entropy, ground.client_session.clone())?;
        let code = secret.of(&grant.id);
        ground.client_session = Some(grant.sign_in.clone());
        self.client_sessions.extend(client_sessions);
        self.grants.push(grant);
        self.events.push((*now, info.clone(), event));
        Ok(code)
    }

    async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        if self.grants.is_empty() {
            return Ok(());
        }
        client_sessions::insert(tx, &self.client_sessions).await?;
        grants::insert(tx, &self.grants).await?;
        let events = self.events.iter();
        let events: Vec<_> =
            events.map(|(now, client, event)| (ActionContext { now: *now, client }, event)).collect();
        audit::record_all(tx, &events).await
    }
}
