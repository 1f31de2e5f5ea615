import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { press, type Page } from './fixtures.ts';
import { freePort, type Server } from './server.ts';

const SECRET = 'a-secret-of-latchkey-at-the-provider';

/** A provider through which people come in, running. */
export class UpstreamProvider {
  private constructor(
    private readonly process: ChildProcess,
    readonly issuer: string,
  ) {}

  /** The npm package oidc-provider. Whoever signs in there is called what they typed. */
  static async start(server: Server, slug: string, name: string, ...options: string[]): Promise<UpstreamProvider> {
    const client = {
      client_id: 'latchkey',
      client_secret: SECRET,
      redirect_uris: [`${server.url}/auth/upstream/${slug}/callback`],
      backchannel_logout_uri: `${server.url}/auth/upstream/${slug}/logout`,
      backchannel_logout_session_required: true,
      id_token_signed_response_alg: 'ES256',
    };
    const provider = await UpstreamProvider.run('oidc-provider.mjs', { name, client });
    provider.addTo(server, slug, name, options);
    return provider;
  }

  /** One that can be set up, and that leads back to the dashboard whoever is sent there. */
  static async stub(server: Server, slug: string): Promise<UpstreamProvider> {
    const provider = await UpstreamProvider.run('stub-provider.mjs', { authorization: `${server.url}/dashboard` });
    provider.addTo(server, slug, `Stub ${slug}`, []);
    return provider;
  }

  private static async run(script: string, settings: object): Promise<UpstreamProvider> {
    const port = await freePort();
    const argument = JSON.stringify({ port, ...settings });
    const child = spawn(process.execPath, [resolve(import.meta.dirname, script), argument], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((ready, failed) => {
      child.once('exit', (code) => failed(new Error(`${script} exited with ${code}`)));
      child.stdout.on('data', (chunk) => String(chunk).includes('ready') && ready());
    });
    return new UpstreamProvider(child, `http://127.0.0.1:${port}`);
  }

  private addTo(server: Server, slug: string, name: string, options: string[]): void {
    const who = ['--slug', slug, '--name', name, '--issuer', this.issuer, '--client-id', 'latchkey', '--client-secret-stdin'];
    server.command(['provider', 'add', ...who, '--allow-private-address', ...options], SECRET);
  }

  /** Signs in at the page of the provider. */
  async signIn(page: Page, name: string): Promise<void> {
    await page.waitForURL((url) => url.href.startsWith(this.issuer));
    await page.getByLabel('Your name there').fill(name);
    await press(page, 'Sign in there');
  }

  /** Signs out at the provider. */
  async signOut(page: Page): Promise<void> {
    await page.goto(`${this.issuer}/session/end`);
    await press(page, 'Sign out there');
    await page.getByText('Signed out there.').waitFor();
  }

  stop(): void {
    this.process.kill();
  }
}
