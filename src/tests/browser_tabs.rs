//! The state machine of the browser client ([`crate::client::tab`]) in a simulated browser: several tabs and people, one
//! cookie, the lock, answers that come late or never, messages that overtake each other, pages that hydrate late.
//!
//! Every run is made from a seed, so a failure names the run that shows it.

use std::collections::VecDeque;

use crate::{
    client::{
        message::Message,
        session_move::SessionMove,
        tab::{Attempt, Decision, Epoch, Heard, Step, Tab},
    },
    model::{
        id::{SessionId, UserId},
        session::{HeldSession, SignOutReason},
    },
};

const RUNS: u64 = 20_000;
const STEPS: usize = 120;
const TABS: usize = 3;
const PEOPLE: usize = 2;

type Person = usize;
/// The place of a session in the server's list.
type Session = usize;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Any change that a person makes with the access token.
    Save,
    SignIn(Person),
    SignOut,
    ChangePassword,
    Refresh,
    /// After the answer to a change of password was lost: whether the session goes on.
    RecoverByRefresh(Person),
    /// The same: the new password starts the session that follows.
    RecoverBySignIn(Person),
    /// Signing out again, because a late answer has set a cookie.
    ClearCookie,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Done,
    TokenRefused,
    /// A token of this session, and its cookie.
    Token(Session),
    Ended(SignOutReason),
    SignedOut,
    /// None: the request or its answer was lost.
    Lost,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    ForRefresh,
    ForLock,
    /// With the cookie and the token that it was sent with.
    ToServer(Option<Session>, Option<Session>),
    Answered(Answer),
}

#[derive(Debug)]
struct Request {
    tab: usize,
    kind: Kind,
    /// Who was shown when it was asked for.
    by: Option<Person>,
    attempt: Attempt,
    stage: Stage,
    /// Whether its page is still there to hear the answer.
    heard: bool,
    has_lock: bool,
}

impl Request {
    /// Whether it has begun as a refresh.
    fn is_refresh(&self) -> bool {
        self.attempt.moves == Some(SessionMove::Refresh)
    }
}

/// A tab with the page in it.
#[derive(Debug)]
struct Page {
    /// Before hydration: what it will believe.
    rendered: Option<Tab>,
    tab: Tab,
    token: Option<Session>,
    shown: Option<Person>,
    /// Whether it may stay when its person is signed out.
    public: bool,
}

/// The numbers of one run (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((x ^ (x >> 31)) % end as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

struct World {
    seed: u64,
    numbers: Numbers,
    /// The server: whose each session is, and why it has ended.
    sessions: Vec<(Person, Option<SignOutReason>)>,
    /// The session that a change of password has started in place of one, with that one.
    followed: Vec<(Session, Session)>,
    cookie: Option<Session>,
    pages: Vec<Page>,
    requests: Vec<Request>,
    /// By sender and receiver: messages of one tab arrive in order.
    messages: Vec<VecDeque<Message>>,
    /// Whether requests and answers may be lost.
    faults: bool,
    /// Whether the answer of a request that moves the session was lost.
    lost: bool,
    /// Whether the last person whose sign-in or sign-out was answered has signed in.
    meant_to_be_signed_in: bool,
}

fn user(person: Person) -> UserId {
    UserId::parse(&format!("019a0000-0000-7000-8000-{person:012x}")).unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            seed,
            numbers: Numbers(seed),
            sessions: Vec::new(),
            followed: Vec::new(),
            cookie: None,
            pages: Vec::new(),
            requests: Vec::new(),
            messages: (0..TABS * TABS).map(|_| VecDeque::new()).collect(),
            faults: !seed.is_multiple_of(3),
            lost: false,
            meant_to_be_signed_in: false,
        };
        for at in 0..TABS {
            let page = Page { rendered: None, tab: Tab::of(None), token: None, shown: None, public: at == 0 };
            world.pages.push(page);
        }
        world
    }

    fn held(&self, session: Session) -> HeldSession {
        let id = SessionId::parse(&format!("019a0000-0000-7000-9000-{session:012x}")).unwrap();
        HeldSession { user: user(self.sessions[session].0), id }
    }

    fn live_cookie(&self) -> Option<Session> {
        self.cookie.filter(|session| self.sessions[*session].1.is_none())
    }

    // What people and pages do.

    fn step(&mut self) {
        let at = self.numbers.below(TABS);
        match self.numbers.below(9) {
            0 => self.act(at),
            1 => self.refresh(at),
            2 if self.numbers.one_in(4) => self.load(at),
            2 | 3 => self.hydrate(at),
            4 => self.grant_lock(),
            5 => self.lose_patience(),
            6 => self.serve(),
            7 => self.deliver_answer(),
            _ => self.deliver_message(),
        }
    }

    fn act(&mut self, at: usize) {
        let page = &self.pages[at];
        if page.rendered.is_some() || page.tab.is_leaving() {
            return;
        }
        let kind = match (page.shown, self.numbers.below(4)) {
            (None, _) => Kind::SignIn(self.numbers.below(PEOPLE)),
            (Some(_), 0) => Kind::SignOut,
            (Some(_), 1) => Kind::ChangePassword,
            (Some(_), _) => Kind::Save,
        };
        self.ask(at, kind);
    }

    fn refresh(&mut self, at: usize) {
        if self.pages[at].rendered.is_none() && self.pages[at].tab.is_signed_in() && !self.is_refreshing(at) {
            self.ask(at, Kind::Refresh);
        }
    }

    fn is_refreshing(&self, at: usize) -> bool {
        self.requests.iter().any(|request| request.tab == at && request.heard && request.is_refresh())
    }

    fn ask(&mut self, at: usize, kind: Kind) {
        let moves = match kind {
            Kind::Save => None,
            Kind::SignIn(_) => Some(SessionMove::Start),
            Kind::SignOut => Some(SessionMove::SignOut),
            Kind::ChangePassword => Some(SessionMove::Renew),
            _ => Some(SessionMove::Refresh),
        };
        let page = &self.pages[at];
        let attempt = Attempt::new(&page.tab, moves);
        let stage = Stage::ForLock;
        self.requests.push(Request {
            tab: at,
            kind,
            by: page.shown,
            attempt,
            stage,
            heard: true,
            has_lock: false,
        });
        if kind != Kind::Refresh {
            self.advance(self.requests.len() - 1, Heard::Nothing);
        }
    }

    /// Loads the page of a tab, by a click or because the client says so.
    fn load(&mut self, at: usize) {
        for request in &mut self.requests {
            if request.tab == at && request.heard {
                request.heard = false;
                request.has_lock = false;
                self.lost |= request.attempt.moves.is_some();
            }
        }
        // What is on its way to the server arrives there, and nothing else goes on.
        self.requests.retain(|request| request.heard || matches!(request.stage, Stage::ToServer(..)));
        let held = self.live_cookie().map(|session| self.held(session));
        let page = &mut self.pages[at];
        page.shown = self.cookie.filter(|_| held.is_some()).map(|session| self.sessions[session].0);
        (page.token, page.rendered) = (None, Some(Tab::of(held)));
    }

    fn hydrate(&mut self, at: usize) {
        if let Some(tab) = self.pages[at].rendered.take() {
            if tab.held().is_none() {
                self.post(at, &Message::Anyone);
            }
            self.pages[at].tab = tab;
            self.refresh(at);
        }
    }

    // How a request goes on.

    fn advance(&mut self, at: usize, heard: Heard) {
        let request = &mut self.requests[at];
        let page = &self.pages[request.tab];
        match request.attempt.next(&page.tab, page.token.is_some(), heard) {
            Step::Refresh => {
                request.stage = Stage::ForRefresh;
                let tab = request.tab;
                if !self.is_refreshing(tab) {
                    self.ask(tab, Kind::Refresh);
                }
            }
            Step::Send if request.attempt.moves.is_some() => request.stage = Stage::ForLock,
            Step::Send => request.stage = Stage::ToServer(self.cookie, page.token),
            Step::AskPassword => unreachable!("no password is asked for here"),
            Step::Finish | Step::Drop => drop(self.requests.remove(at)),
        }
    }

    fn grant_lock(&mut self) {
        if self.requests.iter().any(|request| request.has_lock) {
            return;
        }
        // Browsers keep an order; nothing may depend on it.
        let waiting: Vec<_> =
            (0..self.requests.len()).filter(|at| self.requests[*at].stage == Stage::ForLock).collect();
        if !waiting.is_empty() {
            let at = waiting[self.numbers.below(waiting.len())];
            self.requests[at].has_lock = true;
            self.send_moving(at);
        }
    }

    /// Signing out does not wait for long.
    fn lose_patience(&mut self) {
        let waits = |request: &Request| request.stage == Stage::ForLock && request.kind == Kind::SignOut;
        if let Some(at) = self.requests.iter().position(waits) {
            self.send_moving(at);
        }
    }

    fn send_moving(&mut self, at: usize) {
        let request = &mut self.requests[at];
        let page = &self.pages[request.tab];
        if page.tab.may_send(request.attempt.moves, request.attempt.epoch) {
            request.stage = Stage::ToServer(self.cookie, page.token);
        } else {
            self.finish(at, Heard::Answer);
        }
    }

    /// Another request of the same attempt, while it still has the lock.
    fn send_within_lock(&mut self, at: usize, kind: Kind) {
        self.requests[at].kind = kind;
        self.requests[at].stage = Stage::ToServer(self.cookie, None);
    }

    /// Gives back the lock, and lets those go on who have waited for a refresh.
    fn finish(&mut self, at: usize, heard: Heard) {
        let request = &mut self.requests[at];
        request.has_lock = false;
        let tab = request.tab;
        if !request.is_refresh() {
            return self.advance(at, heard);
        }
        self.requests.remove(at);
        let waits = |request: &Request| request.tab == tab && request.stage == Stage::ForRefresh;
        while let Some(at) = self.requests.iter().position(waits) {
            self.requests[at].stage = Stage::ForLock;
            self.advance(at, if heard == Heard::Token { Heard::Token } else { Heard::Answer });
        }
    }

    // The server.

    fn serve(&mut self) {
        let under_way: Vec<_> = (0..self.requests.len())
            .filter(|at| matches!(self.requests[*at].stage, Stage::ToServer(..)))
            .collect();
        if under_way.is_empty() {
            return;
        }
        let at = under_way[self.numbers.below(under_way.len())];
        let Stage::ToServer(cookie, token) = self.requests[at].stage else { return };
        // A sign-out that clears up is repeated until it arrives.
        let may_fail = self.faults && self.requests[at].kind != Kind::ClearCookie;
        let answer =
            if may_fail && self.numbers.one_in(12) { Answer::Lost } else { self.answer(at, cookie, token) };
        let answer = if may_fail && self.numbers.one_in(12) { Answer::Lost } else { answer };
        self.lost |= answer == Answer::Lost && self.requests[at].attempt.moves.is_some();
        self.requests[at].stage = Stage::Answered(answer);
        if !self.requests[at].heard {
            self.requests.remove(at);
        }
    }

    fn answer(&mut self, at: usize, cookie: Option<Session>, token: Option<Session>) -> Answer {
        let live =
            |world: &Self, session: Option<Session>| session.filter(|at| world.sessions[*at].1.is_none());
        let by = self.requests[at].by;
        match self.requests[at].kind {
            Kind::Save => match live(self, token) {
                Some(session) => {
                    assert_eq!(
                        by,
                        Some(self.sessions[session].0),
                        "seed {}: what one person asks for is done for another",
                        self.seed
                    );
                    Answer::Done
                }
                None => Answer::TokenRefused,
            },
            Kind::ChangePassword => match live(self, token) {
                Some(session) => {
                    let person = self.sessions[session].0;
                    assert_eq!(
                        by,
                        Some(person),
                        "seed {}: one person's password is changed by another",
                        self.seed
                    );
                    for (owner, ended) in &mut self.sessions {
                        if *owner == person && ended.is_none() {
                            *ended = Some(SignOutReason::PasswordChanged);
                        }
                    }
                    self.followed.push((session, self.sessions.len()));
                    self.start(person)
                }
                None => Answer::TokenRefused,
            },
            Kind::Refresh | Kind::RecoverByRefresh(_) => match cookie {
                None => Answer::Ended(SignOutReason::Missing),
                Some(session) => self.sessions[session].1.map_or(Answer::Token(session), Answer::Ended),
            },
            Kind::SignIn(person) | Kind::RecoverBySignIn(person) => {
                self.end(live(self, cookie), SignOutReason::Replaced);
                self.start(person)
            }
            Kind::SignOut | Kind::ClearCookie => {
                let mut next = cookie;
                while let Some(session) = next {
                    self.end(live(self, next), SignOutReason::SignedOut);
                    next =
                        self.followed.iter().find(|(before, _)| *before == session).map(|(_, after)| *after);
                }
                Answer::SignedOut
            }
        }
    }

    fn start(&mut self, person: Person) -> Answer {
        self.sessions.push((person, None));
        Answer::Token(self.sessions.len() - 1)
    }

    fn end(&mut self, session: Option<Session>, reason: SignOutReason) {
        if let Some(session) = session {
            self.sessions[session].1 = Some(reason);
        }
    }

    // What the browser does with an answer.

    fn deliver_answer(&mut self) {
        let arrived: Vec<_> = (0..self.requests.len())
            .filter(|at| matches!(self.requests[*at].stage, Stage::Answered(_)))
            .collect();
        if arrived.is_empty() {
            return;
        }
        let at = arrived[self.numbers.below(arrived.len())];
        let Stage::Answered(answer) = self.requests[at].stage else { return };
        match answer {
            Answer::Token(session) => self.cookie = Some(session),
            Answer::SignedOut => self.cookie = None,
            _ => {}
        }
        let (tab, kind, epoch) =
            (self.requests[at].tab, self.requests[at].kind, self.requests[at].attempt.epoch);
        match (kind, answer) {
            (Kind::ChangePassword, Answer::Lost) => {
                let Some(person) = self.requests[at].by else { return };
                self.recover(at, person);
            }
            (Kind::RecoverByRefresh(person) | Kind::RecoverBySignIn(person), Answer::Lost) => {
                self.recover(at, person);
            }
            (Kind::RecoverByRefresh(person), Answer::Ended(SignOutReason::PasswordChanged)) => {
                self.send_within_lock(at, Kind::RecoverBySignIn(person));
            }
            (_, Answer::Lost | Answer::Done) | (Kind::ClearCookie, _) => self.finish(at, Heard::Answer),
            (_, Answer::TokenRefused) => self.finish(at, Heard::TokenRefused),
            (_, Answer::Ended(reason)) => {
                let held = self.pages[tab].tab.held().cloned();
                let decision = self.pages[tab].tab.ended(epoch, reason);
                if let (Decision::SignOut(_), Some(held)) = (decision, held) {
                    self.post(tab, &Message::SignedOut(held, reason));
                }
                self.finish(at, Heard::Answer);
                self.carry_out(tab, decision);
            }
            (_, Answer::SignedOut) => {
                if let Some(held) = self.pages[tab].tab.held().cloned() {
                    self.post(tab, &Message::SignedOut(held, SignOutReason::SignedOut));
                }
                self.meant_to_be_signed_in = false;
                self.pages[tab].tab.signed_out();
                self.finish(at, Heard::Answer);
                self.load(tab);
            }
            (Kind::SignIn(_), Answer::Token(session)) => {
                self.meant_to_be_signed_in = true;
                let held = self.held(session);
                self.post(tab, &Message::SignedIn(held.clone()));
                let decision = self.pages[tab].tab.started(held);
                self.adopt(tab, session, decision);
                self.finish(at, Heard::Answer);
                self.carry_out(tab, decision);
            }
            (_, Answer::Token(session)) => self.renewed(at, tab, epoch, session),
        }
    }

    fn renewed(&mut self, at: usize, tab: usize, epoch: Epoch, session: Session) {
        let held = self.held(session);
        let decision = self.pages[tab].tab.renewed(epoch, held.clone());
        if decision == Decision::SignOutAgain {
            return self.send_within_lock(at, Kind::ClearCookie);
        }
        if decision == Decision::Adopt {
            self.post(tab, &Message::Refreshed(held));
        }
        self.adopt(tab, session, decision);
        let heard = if self.requests[at].is_refresh() { Heard::Token } else { Heard::Answer };
        self.finish(at, heard);
        self.carry_out(tab, decision);
    }

    fn recover(&mut self, at: usize, person: Person) {
        let request = &self.requests[at];
        if self.pages[request.tab].tab.is_current(request.attempt.epoch) {
            self.send_within_lock(at, Kind::RecoverByRefresh(person));
        } else {
            self.finish(at, Heard::Answer);
        }
    }

    fn adopt(&mut self, tab: usize, session: Session, decision: Decision) {
        if decision == Decision::Adopt {
            let page = &mut self.pages[tab];
            (page.token, page.shown) = (Some(session), Some(self.sessions[session].0));
        }
    }

    fn carry_out(&mut self, tab: usize, decision: Decision) {
        match decision {
            Decision::Reload => self.load(tab),
            Decision::SignOut(_) => {
                (self.pages[tab].token, self.pages[tab].shown) = (None, None);
                if !self.pages[tab].public {
                    self.pages[tab].tab.leave();
                    self.load(tab);
                }
            }
            Decision::Refresh => self.refresh(tab),
            _ => {}
        }
    }

    fn post(&mut self, from: usize, message: &Message) {
        for to in (0..TABS).filter(|to| *to != from) {
            self.messages[from * TABS + to].push_back(message.clone());
        }
    }

    fn deliver_message(&mut self) {
        let at = self.numbers.below(TABS * TABS);
        let to = at % TABS;
        let Some(message) = self.messages[at].pop_front() else { return };
        // A page that has not hydrated hears nothing.
        if self.pages[to].rendered.is_none() {
            let decision = self.pages[to].tab.told(&message);
            self.carry_out(to, decision);
        }
    }

    // What must hold.

    fn check(&self) {
        for page in &self.pages {
            let owner = page.token.map(|session| self.sessions[session].0);
            assert!(
                owner.is_none() || owner == page.shown,
                "seed {}: a page of one person has the access token of another: {page:?}",
                self.seed
            );
            let held = page.tab.held().map(|held| held.user.clone());
            assert!(
                page.rendered.is_some() || page.tab.is_leaving() || held == page.shown.map(user),
                "seed {}: a page shows somebody else than its tab believes in: {page:?}",
                self.seed
            );
        }
    }

    /// Nobody does anything any more, nothing is lost, and all that is under way arrives.
    fn come_to_rest(&mut self) {
        self.faults = false;
        let mut steps = 0;
        for _ in 0..4 {
            for at in 0..TABS {
                self.hydrate(at);
                self.refresh(at);
            }
            while !self.requests.is_empty() || self.messages.iter().any(|messages| !messages.is_empty()) {
                self.grant_lock();
                self.serve();
                self.deliver_answer();
                self.deliver_message();
                let at = self.numbers.below(TABS);
                self.hydrate(at);
                self.check();
                steps += 1;
                assert!(
                    steps < 10_000,
                    "seed {}: the tabs never come to rest: {:#?}",
                    self.seed,
                    self.requests
                );
            }
        }
    }

    fn check_rest(&self) {
        let owner = self.live_cookie().map(|session| self.sessions[session].0);
        for page in &self.pages {
            assert_eq!(
                page.shown, owner,
                "seed {}: at rest, a page and the cookie disagree: {page:?}",
                self.seed
            );
        }
        assert!(
            self.lost || owner.is_some() == self.meant_to_be_signed_in,
            "seed {}: no answer was lost, and the browser is {}",
            self.seed,
            if owner.is_some() { "signed in after signing out" } else { "signed out by nobody" }
        );
    }
}

#[test]
fn tabs_of_one_browser_agree_with_its_cookie_and_never_act_for_another_person() {
    for seed in 0..RUNS {
        let mut world = World::new(seed);
        for at in 0..TABS {
            world.load(at);
        }
        world.lost = false;
        for _ in 0..STEPS {
            world.step();
            world.check();
        }
        world.come_to_rest();
        world.check_rest();
    }
}
