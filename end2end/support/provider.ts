import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { freePort, type Server } from './server.ts';

/** A provider that can be set up, and that leads back to the dashboard whoever is sent there. */
export class StubProvider {
  private constructor(
    readonly issuer: string,
    private readonly process: ChildProcess,
  ) {}

  /** It is a program of its own: a command of Latchkey asks it about itself while the test waits. */
  static async start(server: Server): Promise<StubProvider> {
    const port = await freePort();
    const argument = JSON.stringify({ port, authorization: `${server.url}/dashboard` });
    const script = resolve(import.meta.dirname, 'stub-provider.mjs');
    const child = spawn(process.execPath, [script, argument], { stdio: ['pipe', 'pipe', 'inherit'] });
    await new Promise<void>((ready, failed) => {
      child.once('exit', (code) => failed(new Error(`the provider exited with ${code}`)));
      child.stdout.on('data', (chunk) => String(chunk).includes('ready') && ready());
    });
    return new StubProvider(`http://127.0.0.1:${port}`, child);
  }

  /** Sets it up. */
  addTo(server: Server, slug: string): void {
    const who = ['--slug', slug, '--name', `Stub ${slug}`, '--issuer', this.issuer, '--client-id', 'latchkey'];
    server.command(['provider', 'add', ...who, '--allow-private-address']);
  }

  stop(): void {
    this.process.kill();
  }
}
