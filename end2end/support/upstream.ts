import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { press } from './people.ts';
import { freePort, type Server } from './server.ts';

const SLUG = 'upstream';
const SECRET = 'a-secret+with/all:sorts%of=characters';

/** A provider of another maker through which people come in to this server. */
export class Upstream {
  /** As the sign-in page calls it. */
  static readonly NAME = 'Upstream';

  private constructor(
    readonly issuer: string,
    private readonly process: ChildProcess,
  ) {}

  /** Starts it and sets it up. */
  static async start(server: Server, ...settings: string[]): Promise<Upstream> {
    const port = await freePort();
    const at = `${server.url}/auth/upstream/${SLUG}`;
    const argument = JSON.stringify({ port, redirectUri: `${at}/callback`, logoutUri: `${at}/logout` });
    const script = resolve(import.meta.dirname, 'upstream.mjs');
    const child = spawn(process.execPath, [script, argument], { stdio: ['pipe', 'pipe', 'ignore'] });
    const upstream = new Upstream(`http://127.0.0.1:${port}`, child);
    await upstream.says('ready');
    const who = ['--slug', SLUG, '--name', Upstream.NAME, '--issuer', upstream.issuer, '--client-id', 'latchkey', '--client-secret-stdin'];
    const scopes = ['openid', 'profile', 'email', 'groups'].flatMap((scope) => ['--scope', scope]);
    server.command(['provider', 'add', ...who, ...scopes, '--allow-private-address', ...settings], SECRET);
    return upstream;
  }

  /** An endpoint of it breaks off every call from now on. */
  async silence(path: string): Promise<void> {
    const silent = this.says(`silent ${path}`);
    this.process.stdin!.write(`${path}\n`);
    await silent;
  }

  /** Signs in at its page, which the browser is at or comes to. */
  async signIn(page: Page, name: string, groups = ''): Promise<void> {
    await page.waitForURL(`${this.issuer}/interaction/**`);
    await page.getByLabel('Name').fill(name);
    await page.getByLabel('Groups').fill(groups);
    await press(page, 'Go on');
  }

  /** Signs out there. */
  async signOut(page: Page): Promise<void> {
    await page.goto(`${this.issuer}/session/end`);
    await press(page, 'Yes, sign me out');
    await page.waitForURL(`${this.issuer}/session/end/success**`);
  }

  stop(): void {
    this.process.kill();
  }

  private says(words: string): Promise<void> {
    return new Promise((said, failed) => {
      this.process.once('exit', (code) => failed(new Error(`the provider exited with ${code}`)));
      this.process.stdout!.on('data', (chunk) => String(chunk).includes(words) && said());
    });
  }
}
