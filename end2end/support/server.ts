import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PROGRAM = process.env.LATCHKEY_PROGRAM ?? resolve(import.meta.dirname, '../../target/debug/latchkey');

const ALTER = `
import json, sqlite3, sys
path, statement, values = json.load(sys.stdin)
with sqlite3.connect(path, timeout=10) as db:
    db.execute(statement, values)
`;

export type Settings = Record<string, string>;

/** A running Latchkey with a database of its own. */
export class Server {
  /** What it has printed since its last start. */
  output = '';
  log = '';
  private process?: ChildProcess;
  private provider?: string;

  private constructor(
    readonly port: number,
    readonly folder: string,
    private readonly settings: Settings,
  ) {}

  static async start(settings: Settings = {}): Promise<Server> {
    const server = new Server(await freePort(), mkdtempSync(join(tmpdir(), 'latchkey-')), { ...settings });
    await server.start();
    return server;
  }

  /** Cookies are shared between ports: a test that needs two servers needs two browser contexts. */
  get url(): string {
    return `http://localhost:${this.port}`;
  }

  private get environment(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      LATCHKEY_ADDR: `127.0.0.1:${this.port}`,
      LATCHKEY_DATABASE_URL: `sqlite://${this.folder}/latchkey.db`,
      LATCHKEY_SECRET_FILE: `${this.folder}/secret`,
      ...this.settings,
    };
  }

  /** Changes a setting. It takes effect at the next start. */
  set(name: string, value: string): void {
    this.settings[name] = value;
  }

  /** Starts, or starts again on the same data. */
  async start(): Promise<void> {
    const child = spawn(PROGRAM, ['serve'], { cwd: this.folder, env: this.environment });
    this.process = child;
    this.output = '';
    child.stdout.on('data', (chunk) => (this.output += chunk));
    child.stderr.on('data', (chunk) => (this.log += chunk));
    await new Promise<void>((ready, failed) => {
      child.once('exit', (code) => failed(new Error(`latchkey exited with ${code}\n${this.log}`)));
      child.stdout.on('data', () => this.output.includes('is ready') && ready());
    });
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null) return;
    // Not just exited but closed: everything that it printed has been read.
    const gone = new Promise((closed) => child.once('close', closed));
    child.kill(signal);
    await gone;
    this.process = undefined;
  }

  async destroy(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Runs a command of the program on the same data. */
  command(args: string[], input = ''): string {
    const done = spawnSync(PROGRAM, args, { cwd: this.folder, env: this.environment, input, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`latchkey ${args.join(' ')}: ${done.stderr}`);
    return done.stdout;
  }

  /** Makes an account and returns its id. */
  addUser(account: Account, role = 'member'): string {
    const { email, name, password } = account;
    const shown = this.command(['user', 'add', '--email', email, '--display-name', name, '--role', role, '--password-stdin'], password);
    return shown.split(' ')[0];
  }

  /** Makes an account, and one of everything that a page is about. */
  addSubjects(account: Account, role?: string): Subjects {
    const redirect = ['--redirect-uri', 'https://app.example.org/callback'];
    const { client_id } = JSON.parse(this.command(['client', 'add', '--name', 'Wiki', '--kind', 'web', ...redirect]));
    const user = this.addUser(account, role);
    this.provider ??= this.addDisabledProvider();
    return { user, client: client_id, group: this.addGroup(`Group of ${account.email}`), provider: this.provider };
  }

  /** Sets up a provider that no page to sign in shows, and returns its slug. It is called by nobody. */
  private addDisabledProvider(): string {
    const slug = 'github';
    this.command(['provider', 'add', '--slug', slug, '--preset', 'github', '--name', 'GitHub', '--client-id', 'latchkey']);
    this.command(['provider', 'disable', slug]);
    return slug;
  }

  /** Makes a group and returns its id. */
  addGroup(name: string, ...members: Account[]): string {
    const id = this.command(['group', 'add', name]).split(' ')[0];
    for (const { email } of members) this.command(['group', 'add-member', name, email]);
    return id;
  }

  /** Makes it so that somebody last entered their password that long ago. The next access token says so. */
  setPasswordAge({ email }: Account, minutes: number): void {
    const at = Date.now() - minutes * 60_000;
    this.alter('UPDATE sessions SET authenticated_at = ? WHERE user_id = (SELECT id FROM users WHERE email = ?)', at, email);
  }

  /** Makes it so that the sessions which have ended did so long ago: they are deleted at the next start. */
  expireEndedSessions(): void {
    this.alter('UPDATE sessions SET absolute_expires_at = 1 WHERE revoked_at IS NOT NULL');
  }

  /** Changes the database directly: for what takes too long to wait for. */
  alter(statement: string, ...values: (string | number)[]): void {
    const input = JSON.stringify([`${this.folder}/latchkey.db`, statement, values]);
    const done = spawnSync('python3', ['-c', ALTER], { input, encoding: 'utf8' });
    if (done.status !== 0) throw new Error(done.stderr);
  }
}

/** The ids of what pages are about. */
export interface Subjects {
  user: string;
  client: string;
  group: string;
  provider: string;
}

export interface Account {
  email: string;
  name: string;
  password: string;
}

let accounts = 0;

/** An account that no other test knows. It does not exist yet. */
export function newAccount(name = 'Ada Lovelace'): Account {
  accounts += 1;
  return { email: `account-${process.pid}-${accounts}@example.org`, name, password: `correct horse ${accounts}` };
}

/** Accounts in the order in which lists have them. */
export function byAddress(...accounts: Account[]): Account[] {
  return accounts.toSorted((one, other) => (one.email < other.email ? -1 : 1));
}

/**
 * A port that nobody listens on. It is below those that the system takes for outgoing connections: nothing takes it before
 * the program does. It is above 10080, which browsers refuse.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 20_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((found) => {
    const probe = createServer();
    probe.once('error', () => found(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => found(true)));
  });
}
