import { ApiClient } from '../../support/api.ts';
import { Server, expect, newAccount, test, type Account } from '../../support/fixtures.ts';
import { Known, Random, to, write } from '../../support/known.ts';

// Every kind of write, by several people at once, until the program is killed at a moment that nobody chooses; again and
// again on the same data. `CRASH_SEED` repeats the choices, `CRASH_ROUNDS` goes on for longer.
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 6);
const SEED = BigInt(process.env.CRASH_SEED ?? Date.now());
const PEOPLE = 8;
/** Most writes that are acknowledged in one round. */
const WRITES = 100;

const SETTINGS = {
  LATCHKEY_RATE_LIMIT: 'off',
  // Each refresh moves the token on, and nobody has a grace in which a lost generation would be forgiven.
  LATCHKEY_SESSIONS_ROTATE_AFTER: '0s',
  LATCHKEY_SESSIONS_REUSE_GRACE: '0s',
  // A new key signs soon, so that the next rotation is not refused for long.
  LATCHKEY_TOKENS_JWKS_MAX_AGE: '1s',
};

/** Who asked for something that was not acknowledged by a program that lives: that is for the test to judge. */
class Refused extends Error {}

/** Somebody, with what the server has acknowledged of them. */
class Person {
  exists = Known.of(true);
  enabled = Known.of(true);
  password: Known<string>;
  name: Known<string>;
  roles = Known.of('member');
  /** Whether the session of `client` lives, and that of `other`. */
  signedIn = Known.of(true);
  sessionName = Known.of('');
  otherSignedIn = Known.of(false);
  other?: ApiClient;

  constructor(
    readonly account: Account,
    public client: ApiClient,
  ) {
    this.password = Known.of(account.password);
    this.name = Known.of(account.name);
  }

  get id(): { user_id: string } {
    return { user_id: this.client.user.id };
  }
}

class Crowd {
  readonly people: (Person | undefined)[] = [];
  /** Whose accounts were deleted. */
  private readonly former: Person[] = [];
  readonly notices = new Map<string, Known<boolean>>();
  readonly kids = new Set<string>();
  /** Invitations: the account, its link's token, and whether it was accepted. */
  readonly invited: { account: Account; token: string; accepted: Known<boolean> }[] = [];
  /** How often each kind of write was acknowledged. */
  readonly acknowledged = new Map<string, number>();
  running = true;
  private names = 0;
  private left = 0;
  private enough = (): void => undefined;

  constructor(
    readonly server: Server,
    readonly random: Random,
    readonly admin: ApiClient,
  ) {}

  fresh(what: string): string {
    this.names += 1;
    return `${what} ${this.names}`;
  }

  /** Counts what was acknowledged. Of a program that lives, an answer of 5xx is a fault. */
  async counted(what: string, made: Promise<Response>): Promise<Response> {
    const response = await made;
    if (response.status >= 500) throw new Refused(`${what}: ${response.status} ${await response.text()}`);
    if (response.ok) this.note(what);
    return response;
  }

  private note(what: string): void {
    this.acknowledged.set(what, (this.acknowledged.get(what) ?? 0) + 1);
    this.left -= 1;
    if (this.left <= 0) this.enough();
  }

  /** Waits until so many more writes were acknowledged. */
  untilAcknowledged(writes: number): Promise<void> {
    this.left = writes;
    return new Promise((resolve) => (this.enough = resolve));
  }

  /** One of several who act at once, until the program is gone. */
  async act(steps: () => Promise<void>): Promise<void> {
    while (this.running) {
      try {
        await steps();
      } catch (error) {
        // The connection was cut: that is what this test does.
        if (!(error instanceof TypeError)) throw error;
        return;
      }
    }
  }

  async live(at: number): Promise<void> {
    const person = this.people[at];
    if (!person?.exists.value) {
      if (person) this.former.push(person);
      this.people[at] = await this.signUp();
    } else if (!person.enabled.value) {
      await this.counted('enable', write(() => this.admin.post('/api/admin/users/enable', person.id), to(person.enabled, true)));
    } else if (!person.signedIn.value) {
      await this.signIn(person);
    } else {
      await this.random.of(this.choices(person))();
    }
  }

  private async signUp(): Promise<Person> {
    const account = newAccount();
    // Not acknowledged, it is nobody's.
    const client = await ApiClient.signUp(this.server, account);
    this.note('sign up');
    return new Person(account, client);
  }

  private async signIn(person: Person): Promise<void> {
    person.client = await ApiClient.signIn(this.server, { ...person.account, password: person.password.value });
    person.signedIn.set(true);
    person.sessionName.set('');
    this.note('sign in');
  }

  private choices(person: Person): (() => Promise<void>)[] {
    const { client, password, signedIn, otherSignedIn } = person;
    const post = async (what: string, path: string, fields: Record<string, string>, ...changes: ReturnType<typeof to>[]) => {
      const response = await this.counted(what, write(() => client.post(path, fields), ...changes));
      // Its roles have changed: the token is stale.
      if (response.status === 401) await this.refresh(person);
    };
    const admin = (what: string, fields: Record<string, string>, ...changes: ReturnType<typeof to>[]) =>
      this.counted(what, write(() => this.admin.post(`/api/admin/users/${what}`, { ...person.id, ...fields }), ...changes));
    const name = this.fresh('Ada');
    const next = this.fresh('correct horse');
    return [
      () => this.refresh(person),
      () => this.refresh(person),
      () => this.refresh(person),
      () => post('rename', '/api/account/update_profile', { display_name: name }, to(person.name, name)),
      () => post('rename session', '/api/sessions/rename', { session_id: client.sessionId, name }, to(person.sessionName, name)),
      () => post('sign out', '/api/auth/logout', {}, to(signedIn, false)),
      async () => {
        person.other = await ApiClient.signIn(this.server, { ...person.account, password: password.value });
        otherSignedIn.set(true);
      },
      () => post('revoke', '/api/sessions/revoke', { session_id: person.other?.sessionId ?? client.sessionId }, to(person.other ? otherSignedIn : signedIn, false)),
      () => post('revoke others', '/api/sessions/revoke_others', {}, to(otherSignedIn, false)),
      async () => {
        const change = () => client.post('/api/account/change_password', { current_password: password.value, new_password: next });
        const response = await this.counted('change password', write(change, to(password, next), to(signedIn, false), to(otherSignedIn, false)));
        if (response.ok) await this.signIn(person);
        else await this.refresh(person);
      },
      () => post('delete account', '/api/account/delete', { password: password.value }, to(person.exists, false), to(signedIn, false), to(otherSignedIn, false)),
      async () => {
        const roles = this.random.of(['member', 'member editor']);
        await admin('set_roles', { roles }, to(person.roles, roles));
      },
      async () => void (await admin('disable', {}, to(person.enabled, false), to(signedIn, false), to(otherSignedIn, false))),
      async () => void (await admin('delete', {}, to(person.exists, false), to(signedIn, false), to(otherSignedIn, false))),
      async () => void (await admin('revoke_sessions', {}, to(signedIn, false), to(otherSignedIn, false))),
      async () => {
        const made = await admin('reset_password', {});
        const { link } = (await made.json()) as { link: string };
        const reset = () => client.post('/api/auth/reset', { token: link.split('token=')[1], password: next });
        await this.counted('reset', write(reset, to(password, next), to(signedIn, false), to(otherSignedIn, false)));
      },
    ];
  }

  private async refresh(person: Person): Promise<void> {
    const response = await this.counted('refresh', person.client.post('/api/auth/refresh'));
    if (response.status === 401 && person.signedIn.may(false)) person.signedIn.set(false);
    else await person.client.take(response);
  }

  /** What administrators and editors do besides. */
  async administer(): Promise<void> {
    const title = this.fresh('Notice');
    const published = Known.of(false);
    this.notices.set(title, published);
    const publish = () => this.admin.post('/api/notices/publish', { title, body: 'Something' });
    const notice = (await (await this.counted('publish', write(publish, to(published, true)))).json()) as string;
    if (this.random.below(2) === 0) {
      await this.counted('retract', write(() => this.admin.post('/api/notices/retract', { notice_id: notice }), to(published, false)));
    }
    const rotated = await this.counted('rotate keys', this.admin.post('/api/admin/keys/rotate'));
    if (rotated.ok) for (const { kid } of (await rotated.json()) as { kid: string }[]) this.kids.add(kid);
    await this.invite();
    await this.admin.take(await this.counted('refresh', this.admin.post('/api/auth/refresh')));
  }

  private async invite(): Promise<void> {
    const account = newAccount();
    const fields = { email: account.email, display_name: account.name, roles: '' };
    const made = await this.counted('invite', this.admin.post('/api/admin/users/invite', fields));
    const token = ((await made.json()) as { link: string }).link.split('token=')[1];
    const accepted = Known.of(false);
    this.invited.push({ account, token, accepted });
    if (this.random.below(2) === 0) await this.counted('accept', write(() => this.accept(account, token), to(accepted, true)));
  }

  private accept({ name, password }: Account, token: string): Promise<Response> {
    return ApiClient.anonymous(this.server).post('/api/auth/accept_invitation', { token, display_name: name, password });
  }

  /** Compares what is stored with what was acknowledged. From then on, what is stored is known. */
  async verify(): Promise<void> {
    await this.admin.refreshOnce();
    // Whose first sign-up was cut off is nobody yet.
    const people = this.people.filter((person) => person !== undefined);
    await Promise.all([...people, ...this.former.splice(0)].map((person) => this.verifyPerson(person)));
    await this.verifyNotices();
    const kids = (await this.admin.call<{ kid: string }[]>('/api/admin/keys/list')).map(({ kid }) => kid);
    for (const kid of this.kids) expect(kids, 'keys').toContain(kid);
    this.kids.clear();
    for (const { account, token, accepted } of this.invited.splice(0)) {
      const { status } = await this.accept(account, token);
      expect(accepted.may(status !== 200), `${account.email}: an invitation answers ${status}`).toBe(true);
      await ApiClient.signIn(this.server, account);
    }
  }

  private async verifyPerson(person: Person): Promise<void> {
    const { account, client, other, exists, enabled, password } = person;
    const who = `${account.email} (${JSON.stringify(person, (key, value) => (['account', 'client', 'other'].includes(key) ? undefined : value))})`;
    await this.verifySession(client, person.signedIn, `session of ${who}`);
    if (other) await this.verifySession(other, person.otherSignedIn, `other session of ${who}`);
    let found = false;
    for (const candidate of new Set(password.possible)) {
      const answer = await ApiClient.anonymous(this.server).post('/api/auth/login', { email: account.email, password: candidate });
      if (answer.status !== 200) continue;
      found = true;
      [exists, enabled].forEach((known) => expect(known.may(true), `signing in: ${who}`).toBe(true));
      [exists, enabled].forEach((known) => known.set(true));
      password.set(candidate);
    }
    if (found) return;
    expect(exists.may(false) || enabled.may(false), `nobody can sign in: ${who}`).toBe(true);
    const { status } = await this.admin.post('/api/admin/users/get', person.id);
    expect(exists.may(status === 200), `${status}: ${who}`).toBe(true);
    exists.set(status === 200);
    enabled.set(false);
  }

  private async verifySession(client: ApiClient, lives: Known<boolean>, what: string): Promise<void> {
    // The newest refresh token that was acknowledged, or the one before, whose answer was lost: both are honest.
    for (let n = 0; n < 2; n += 1) {
      const response = await client.post('/api/auth/refresh');
      expect(lives.may(response.status === 200), `${what}: ${response.status} ${response.ok ? '' : await response.text()}`).toBe(true);
      lives.set(response.status === 200);
      if (response.ok) await client.take(response);
    }
    const person = this.people.find((person) => person?.client === client);
    if (!lives.value || !person) return;
    const me = await client.call<{ display_name: string; roles: string[] }>('/api/account/me');
    expect(person.name.possible, what).toContain(me.display_name);
    person.name.set(me.display_name);
    expect(person.roles.possible, what).toContain(me.roles.join(' '));
    person.roles.set(me.roles.join(' '));
    const sessions = await client.call<{ current: boolean; name: string | null }[]>('/api/sessions/list');
    const name = sessions.find(({ current }) => current)?.name ?? '';
    expect(person.sessionName.possible, what).toContain(name);
    person.sessionName.set(name);
  }

  private async verifyNotices(): Promise<void> {
    const stored = new Set<string>();
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { items: { title: string }[]; next_cursor: string | null } = await this.admin.call('/api/notices/list', { limit: '100', ...(cursor && { cursor }) });
      page.items.forEach(({ title }) => stored.add(title));
      cursor = page.next_cursor;
    }
    for (const [title, published] of this.notices) {
      expect(published.may(stored.has(title)), `${title} is ${stored.has(title) ? '' : 'not '}there`).toBe(true);
      published.set(stored.has(title));
    }
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('nothing that was acknowledged is lost when the server is killed in the middle of any write', async () => {
  test.setTimeout(60_000 + ROUNDS * 15_000);
  const random = new Random(SEED);
  const server = await Server.start(SETTINGS);
  try {
    const root = newAccount('Root');
    server.addUser(root, 'editor admin');
    const crowd = new Crowd(server, random, await ApiClient.signIn(server, root));
    for (let round = 0; round < ROUNDS; round += 1) {
      crowd.running = true;
      const load = [...Array.from({ length: PEOPLE }, (_, at) => crowd.act(() => crowd.live(at))), crowd.act(() => crowd.administer())];
      await Promise.race([crowd.untilAcknowledged(1 + random.below(WRITES)), Promise.all(load)]);
      // Any moment of the next writes will do: there is nothing to wait for.
      await pause(random.below(20));
      await server.stop('SIGKILL');
      crowd.running = false;
      await Promise.all(load);

      expect(server.command(['doctor'])).toContain('is whole');
      // What housekeeping is at, at the next start.
      server.expireEndedSessions();
      if (random.below(2) === 0) await killWhileStarting(server, random);
      await server.start();
      await crowd.verify();
    }
    console.log(`acknowledged: ${[...crowd.acknowledged].map(([what, count]) => `${count} ${what}`).join(', ')}`);
  } catch (error) {
    console.error(`CRASH_SEED=${SEED}\n${server.log.split('\n').filter((line) => /WARN|ERROR/.test(line)).slice(-20).join('\n')}`);
    throw error;
  } finally {
    await server.destroy();
  }
});

async function killWhileStarting(server: Server, random: Random): Promise<void> {
  const started = server.start().catch(() => undefined);
  await pause(random.below(150));
  await server.stop('SIGKILL');
  await started;
}
