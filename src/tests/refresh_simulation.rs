//! A simulation of what tabs, networks, clocks and a thief do to one session, against the program's own rules
//! ([`present`], [`step_up`], [`decide`]) and without a database. It draws every choice from a seed; a failure prints it,
//! and `SIMULATION_SEED=<seed> cargo test simulation` runs it again.
//!
//! What must hold:
//! 1. No honest browser is signed out.
//! 2. A thief is caught as soon as both have acted: whoever presents a generation whose successor the other one has used
//!    ends the session, once the grace is over.
//! 3. A copied cookie never inherits that the password was entered after it was copied.
//!
//! What the browser is relied on for: its requests that set the cookie go one after the other (Web Locks), and a message
//! that takes longer than [`LATE`] is given up. What the clock is relied on for: it is not set forward while a message is
//! under way, which would make that message late.

use std::{collections::VecDeque, time::Duration};

use crate::{
    model::{
        id::{SessionId, UserId},
        methods::Methods,
    },
    server::{
        clock::Timestamp,
        config::SessionConfig,
        crypto::entropy::Entropy,
        store::sessions::SessionRecord,
        tokens::refresh::rotation::{Decision, decide, present, step_up},
    },
    tests::test_app::BEGINNING,
};

const STEPS: u64 = 1_000_000;
const CONFIG: SessionConfig = SessionConfig {
    idle_ttl: Duration::from_secs(7 * 86_400),
    absolute_ttl: Duration::from_secs(30 * 86_400),
    rotate_after: Duration::from_secs(30),
    reuse_grace: Duration::from_secs(30),
};
/// Longest time that a message is under way, in milliseconds: less than half of the grace, for a page load can be sent
/// with the token from before a response that is late itself.
const LATE: i64 = 14_000;

/// `SplitMix64`: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    fn millis(&mut self, bound: u64) -> i64 {
        i64::try_from(self.below(bound)).unwrap()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Party {
    Owner,
    Thief,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Refresh,
    PageLoad,
    StepUp,
}

/// What a request was answered.
#[derive(Clone, Copy, Debug)]
struct Granted {
    generation: u64,
    /// When the password was entered, as the session says for whoever refreshes with this.
    session_authenticated_at: Timestamp,
}

/// A message of the owner's browser on its way to the server, or back.
#[derive(Clone, Copy, Debug)]
struct Message {
    kind: Kind,
    presented: u64,
    sent_at: i64,
    answer: Answer,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    /// The request has not reached the server.
    None,
    /// The cookie is as it was.
    NoCookie,
    Cookie(Granted),
}

/// What somebody holds.
#[derive(Clone, Copy, Debug)]
struct Holder {
    /// Of the refresh token, and what it entitles to.
    cookie: Granted,
    /// Of the newest access token.
    access_token: Option<u64>,
    /// The newest generation that was given to them.
    given: u64,
    /// The newest generation of which the server knows that they have used it.
    used: Option<u64>,
}

impl Holder {
    fn new(cookie: Granted) -> Self {
        Self { cookie, access_token: None, given: cookie.generation, used: None }
    }

    fn take(&mut self, granted: Granted) {
        self.cookie = granted;
        self.access_token = Some(granted.generation);
        self.given = self.given.max(granted.generation);
    }
}

struct World {
    random: Random,
    /// Time as it passes, and by how much the server's clock is off.
    elapsed: i64,
    clock_error: i64,
    row: SessionRecord,
    /// When each generation was replaced, by the server's clock.
    replaced: Vec<Timestamp>,
    owner: Holder,
    thief: Option<Holder>,
    /// When the password was entered, in that order; the clock may have been set back in between.
    entered: Vec<Timestamp>,
    /// Which of these any cookie of the thief has a right to say.
    stolen_authentication: Option<usize>,
    under_way: Vec<Message>,
    story: VecDeque<String>,
    over: bool,
}

impl World {
    fn new(random: Random) -> Self {
        let granted = Granted { generation: 0, session_authenticated_at: BEGINNING };
        let owner = Holder { access_token: Some(0), ..Holder::new(granted) };
        Self {
            random,
            elapsed: 0,
            clock_error: 0,
            row: session(),
            replaced: Vec::new(),
            owner,
            thief: None,
            entered: vec![BEGINNING],
            stolen_authentication: None,
            under_way: Vec::new(),
            story: VecDeque::new(),
            over: false,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(BEGINNING.millis() + self.elapsed + self.clock_error)
    }

    fn tell(&mut self, what: impl FnOnce(&Self) -> String) {
        let line = format!(
            "{:>12} ms, generation {}{}: {}",
            self.elapsed,
            self.row.generation,
            if self.row.confirmed { " (used)" } else { "" },
            what(self)
        );
        self.story.push_back(line);
        if self.story.len() > 40 {
            self.story.pop_front();
        }
    }

    fn step(&mut self) {
        match self.random.below(100) {
            0..20 => self.wait(),
            20..35 => self.send(Kind::Refresh),
            35..50 => self.send(Kind::PageLoad),
            50..54 => self.send(Kind::StepUp),
            54..79 => self.deliver(),
            79..89 => self.use_access_token(Party::Owner),
            89..98 => self.thief_acts(),
            98 => self.restart(),
            _ => self.step_clock(),
        }
    }

    fn wait(&mut self) {
        self.elapsed += match self.random.below(20) {
            0..10 => self.random.millis(1_000),
            10..16 => self.random.millis(40_000),
            16..19 => self.random.millis(3_600_000),
            _ => self.random.millis(86_400_000),
        };
        let now = self.elapsed;
        self.under_way.retain(|message| now - message.sent_at <= LATE);
    }

    /// The browser sends what it holds at that moment. What sets the cookie waits for what is under way.
    fn send(&mut self, kind: Kind) {
        let locked = self.under_way.iter().any(|message| message.kind != Kind::PageLoad);
        if kind != Kind::PageLoad && locked {
            return;
        }
        let presented = self.owner.cookie.generation;
        self.tell(|_| format!("the owner sends {kind:?} with {presented}"));
        self.under_way.push(Message { kind, presented, sent_at: self.elapsed, answer: Answer::None });
    }

    /// Any message arrives, in any order; or is lost.
    fn deliver(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        let count = u64::try_from(self.under_way.len()).unwrap();
        let at = usize::try_from(self.random.below(count)).unwrap();
        let mut message = self.under_way.swap_remove(at);
        if self.random.one_in(8) {
            self.tell(|_| format!("lost: {message:?}"));
            return;
        }
        match message.answer {
            Answer::None => {
                let granted = self.serve(Party::Owner, message.kind, message.presented);
                message.answer = granted.map_or(Answer::NoCookie, Answer::Cookie);
                message.sent_at = self.elapsed;
                self.under_way.push(message);
            }
            Answer::Cookie(granted) => {
                self.tell(|_| format!("the owner gets {granted:?}"));
                self.owner.take(granted);
            }
            Answer::NoCookie => {}
        }
    }

    /// The server's part: the program's own rules.
    fn serve(&mut self, party: Party, kind: Kind, presented: u64) -> Option<Granted> {
        if self.over {
            return None;
        }
        let (now, before) = (self.now(), self.row.generation);
        let must_be_caught = self.must_be_caught(party, presented);
        let decision = match kind {
            Kind::Refresh => present(&mut self.row, presented, now, &CONFIG),
            Kind::StepUp => step_up(&mut self.row, Some(presented), (Methods::PASSWORD, now), now, &CONFIG),
            Kind::PageLoad => decide(&self.row, presented, now, &CONFIG),
        };
        self.tell(|_| format!("{party:?} presents {presented} to {kind:?}: {decision:?}"));
        if self.row.generation != before {
            self.replaced.push(now);
            if kind == Kind::StepUp {
                self.entered.push(now);
            }
        }
        match decision {
            Decision::Ended(_) => {
                self.over = true;
                return None;
            }
            Decision::Unknown => self.fail("a generation that was never made"),
            Decision::Reuse => {
                if self.thief.is_none() {
                    self.fail("an honest browser is signed out");
                }
                self.over = true;
                return None;
            }
            // What a page load proves is written down beside the request, like the use of an access token.
            Decision::Keep | Decision::Rotate if kind == Kind::PageLoad => self.confirm(party, presented),
            Decision::Keep | Decision::Rotate => self.note_use(party, presented),
            Decision::Reissue(_) => {}
        }
        // The grace begins when the newest was handed out last, before it was used.
        if let Some(replaced) = self.replaced.last_mut() {
            *replaced = self.row.rotated_at;
        }
        if must_be_caught {
            self.fail("both have acted, and the thief is not caught");
        }
        if kind == Kind::PageLoad {
            return None;
        }
        let granted =
            Granted { generation: self.row.generation, session_authenticated_at: self.row.authenticated_at };
        let said = |at: &Timestamp| *at == granted.session_authenticated_at;
        if party == Party::Thief && self.entered.iter().position(said) > self.stolen_authentication {
            self.fail("a copied cookie has inherited an entered password");
        }
        Some(granted)
    }

    /// Whether the other one has used a generation that came after this one and that this party was never given, and
    /// the grace of this one is over.
    fn must_be_caught(&self, party: Party, presented: u64) -> bool {
        let Some(thief) = self.thief else { return false };
        let (own, other) = match party {
            Party::Owner => (self.owner, thief),
            Party::Thief => (thief, self.owner),
        };
        let replaced = usize::try_from(presented).ok().and_then(|at| self.replaced.get(at));
        own.given == presented
            && other.used.is_some_and(|used| used > presented)
            && replaced.is_some_and(|at| self.now() - *at > CONFIG.reuse_grace)
    }

    fn note_use(&mut self, party: Party, generation: u64) {
        match (party, &mut self.thief) {
            (Party::Thief, Some(thief)) => thief.used = thief.used.max(Some(generation)),
            _ => self.owner.used = self.owner.used.max(Some(generation)),
        }
    }

    /// An access token is used. That is written down beside the request, and lost if the program stops.
    fn use_access_token(&mut self, party: Party) {
        let holder = if party == Party::Owner { Some(self.owner) } else { self.thief };
        let Some(generation) = holder.and_then(|holder| holder.access_token) else { return };
        self.tell(|_| format!("{party:?} uses an access token of {generation}"));
        self.confirm(party, generation);
    }

    fn confirm(&mut self, party: Party, generation: u64) {
        if !self.over && generation == self.row.generation && !self.random.one_in(20) {
            self.row.confirmed = true;
            self.note_use(party, generation);
        }
    }

    fn thief_acts(&mut self) {
        match self.thief {
            None if self.random.one_in(60) => self.steal(),
            None => {}
            Some(_) if self.random.one_in(40) => self.steal(),
            Some(thief) => match self.random.below(4) {
                0 => self.use_access_token(Party::Thief),
                1 => {
                    self.serve(Party::Thief, Kind::PageLoad, thief.cookie.generation);
                }
                _ => {
                    let granted = self.serve(Party::Thief, Kind::Refresh, thief.cookie.generation);
                    if let (Some(granted), Some(thief)) = (granted, &mut self.thief) {
                        thief.take(granted);
                    }
                }
            },
        }
    }

    /// The thief copies the owner's cookie, with what it entitles to.
    fn steal(&mut self) {
        let cookie = self.owner.cookie;
        self.tell(|_| format!("a thief copies {cookie:?}"));
        // Two passwords of one millisecond are not told apart.
        let said = self.entered.iter().rposition(|at| *at == cookie.session_authenticated_at);
        self.stolen_authentication = self.stolen_authentication.max(said);
        self.thief = Some(Holder::new(cookie));
    }

    /// Requests under way are lost. What is stored stays.
    fn restart(&mut self) {
        self.under_way.clear();
        self.tell(|_| "the server restarts".to_owned());
    }

    fn step_clock(&mut self) {
        let by = self.random.millis(240_000) - 120_000;
        if by < 0 || self.under_way.is_empty() {
            self.clock_error = (self.clock_error + by).clamp(-600_000, 600_000);
            self.tell(|_| format!("the clock is set by {by} ms"));
        }
    }

    fn fail(&self, what: &str) -> ! {
        panic!("{what}:\n{}", self.story.iter().cloned().collect::<Vec<_>>().join("\n"))
    }
}

fn session() -> SessionRecord {
    SessionRecord {
        id: SessionId::parse("019a0000-0000-7000-8000-00000000abcd").unwrap(),
        user_id: UserId::parse("019a0000-0000-7000-8000-00000000dcba").unwrap(),
        salt: Vec::new(),
        generation: 0,
        confirmed: false,
        rotated_at: BEGINNING,
        created_at: BEGINNING,
        authenticated_at: BEGINNING,
        methods: Methods::PASSWORD,
        authenticated_before: None,
        methods_before: None,
        replaced_at: None,
        last_seen_at: BEGINNING,
        idle_expires_at: BEGINNING + CONFIG.idle_ttl,
        absolute_expires_at: BEGINNING + CONFIG.absolute_ttl,
        revoked: None,
        followed_by: None,
        token_kid: String::new(),
        token_expires_at: BEGINNING,
        name: None,
        user_agent: String::new(),
        ip: String::new(),
        new_device: false,
        new_network: false,
    }
}

/// Prints the seed if the simulation fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("SIMULATION_SEED={}", self.0);
        }
    }
}

#[test]
fn a_simulation_signs_no_honest_browser_out_and_catches_every_thief() {
    let given = std::env::var("SIMULATION_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(|| u64::from_le_bytes(Entropy::system().bytes().unwrap()));
    let _printed = Seed(seed);
    let mut world = World::new(Random(seed));
    let (mut sessions, mut thieves) = (1_u64, 0_u64);
    for _ in 0..STEPS {
        world.step();
        if world.over {
            sessions += 1;
            thieves += u64::from(world.thief.is_some());
            world = World::new(world.random);
        }
    }
    // It would prove nothing if hardly anything had happened.
    assert!(sessions > 100 && thieves > 50, "{sessions} sessions, {thieves} with a thief");
}
