import { ApiClient } from '../../support/api.ts';
import { Server, expect, newAccount, test } from '../../support/fixtures.ts';
import { Random } from '../../support/known.ts';
import { VERIFIER, addClient, requestOf } from '../../support/oauth.ts';

// Many sign-ins of an app at once, which share their commits, until the program is killed at a moment that nobody chooses;
// again and again on the same data. `CRASH_SEED` repeats the choices, `CRASH_ROUNDS` goes on for longer.
const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 4);
const SEED = BigInt(process.env.CRASH_SEED ?? Date.now());
const PEOPLE = 8;
/** Sign-ins of each person that are under way at once. */
const AT_ONCE = 2;
/** Most requests that are answered in one round. */
const ANSWERS = 200;
const REDIRECT_URI = 'https://app.example.org/callback';

const SETTINGS = {
  LATCHKEY_RATE_LIMIT: 'off',
  // Each refresh moves the token on, and nobody has a grace in which a lost generation would be forgiven.
  LATCHKEY_SESSIONS_ROTATE_AFTER: '0s',
  LATCHKEY_SESSIONS_REUSE_GRACE: '0s',
};

/** What an app was answered last in one sign-in: a code, or a refresh token. */
interface Held {
  code?: string;
  token?: string;
  /** A request with it was sent, and its answer has not arrived. */
  inDoubt: boolean;
}

class App {
  private held: Held[] = [];
  private left = 0;
  private enough = (): void => undefined;
  readonly answered = { code: 0, redemption: 0, refresh: 0 };

  constructor(
    private readonly server: Server,
    private readonly random: Random,
    private readonly client: string,
  ) {}

  /** Waits until so many more requests were answered. */
  untilAnswered(requests: number): Promise<void> {
    this.left = requests;
    return new Promise((resolve) => (this.enough = resolve));
  }

  /** Somebody signs in to the app again and again, until the program is gone. */
  async use(person: ApiClient): Promise<void> {
    for (;;) {
      try {
        await this.signIn(person);
      } catch (error) {
        // The connection was cut: that is what this test does.
        if (!(error instanceof TypeError)) throw error;
        return;
      }
    }
  }

  private async signIn(person: ApiClient): Promise<void> {
    const held: Held = { code: await this.authorize(person), inDoubt: false };
    this.held.push(held);
    this.note('code');
    if (this.random.below(4) === 0) return;
    await this.exchange(held, 'redemption');
    for (let left = this.random.below(4); left > 0; left -= 1) await this.exchange(held, 'refresh');
  }

  private async authorize({ cookie }: ApiClient): Promise<string> {
    const headers = { accept: 'text/html', cookie };
    const response = await fetch(this.server.url + requestOf(this.client, REDIRECT_URI), { headers, redirect: 'manual' });
    const code = new URL(response.headers.get('location') ?? '', REDIRECT_URI).searchParams.get('code');
    expect(code, `${response.status} ${response.headers.get('location')}`).toBeTruthy();
    return code ?? '';
  }

  /** Exchanges what is held for the next refresh token. */
  private async exchange(held: Held, what: 'redemption' | 'refresh'): Promise<void> {
    held.inDoubt = true;
    const response = await this.present(held);
    const body = await response.text();
    expect(response.status, body).toBe(200);
    this.take(held, body);
    this.note(what);
  }

  private present({ code, token }: Held): Promise<Response> {
    const grant: Record<string, string> = code
      ? { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }
      : { grant_type: 'refresh_token', refresh_token: token ?? '' };
    return fetch(`${this.server.url}/oauth/token`, { method: 'POST', body: new URLSearchParams({ client_id: this.client, ...grant }) });
  }

  private take(held: Held, body: string): void {
    held.code = undefined;
    held.token = (JSON.parse(body) as { refresh_token: string }).refresh_token;
    held.inDoubt = false;
  }

  private note(what: keyof App['answered']): void {
    this.answered[what] += 1;
    this.left -= 1;
    if (this.left <= 0) this.enough();
  }

  /** Presents everything that is held. */
  async verify(): Promise<void> {
    await Promise.all(this.held.splice(0).map((held) => this.verifyHeld(held)));
  }

  private async verifyHeld(held: Held): Promise<void> {
    const what = `${held.code ? 'a code' : 'a refresh token'}${held.inDoubt ? ', whose answer was lost' : ''}`;
    const response = await this.present(held);
    const body = await response.text();
    // A code works once: if it was redeemed and the answer was lost, the app has to ask again.
    if (held.code && held.inDoubt && response.status === 400) {
      expect(body, what).toContain('"invalid_grant"');
      return;
    }
    expect(response.status, `${what}: ${body}`).toBe(200);
    this.take(held, body);
    expect((await this.present(held)).status, `the successor of ${what}`).toBe(200);
  }
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('what an app was answered holds when the server is killed in the middle of many sign-ins, and the rest can be tried again', async () => {
  test.setTimeout(60_000 + ROUNDS * 15_000);
  const random = new Random(SEED);
  const server = await Server.start(SETTINGS);
  try {
    const { client_id } = addClient(server, 'browser', '--trusted', '--redirect-uri', REDIRECT_URI);
    const app = new App(server, random, client_id);
    const people = await Promise.all(Array.from({ length: PEOPLE }, () => ApiClient.signUp(server, newAccount())));
    for (let round = 0; round < ROUNDS; round += 1) {
      const load = people.flatMap((person) => Array.from({ length: AT_ONCE }, () => app.use(person)));
      await Promise.race([app.untilAnswered(1 + random.below(ANSWERS)), Promise.all(load)]);
      // Any moment of the next writes will do: there is nothing to wait for.
      await pause(random.below(20));
      await server.stop('SIGKILL');
      await Promise.all(load);
      expect(server.command(['doctor'])).toContain('is whole');
      await server.start();
      await app.verify();
    }
    console.log(`answered: ${JSON.stringify(app.answered)}`);
  } catch (error) {
    console.error(`CRASH_SEED=${SEED}\n${server.log.split('\n').filter((line) => /WARN|ERROR/.test(line)).slice(-20).join('\n')}`);
    throw error;
  } finally {
    await server.destroy();
  }
});
