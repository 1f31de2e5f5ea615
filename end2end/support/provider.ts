import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { freePort, type Server } from './server.ts';

/** A provider that can be set up, and that leads back to the dashboard whoever is sent there. */
export class StubProvider {
  private constructor(private readonly process: ChildProcess) {}

  /** It is a program of its own: a command of Latchkey asks it about itself while the test waits. */
  static async start(server: Server, slug: string): Promise<StubProvider> {
    const port = await freePort();
    const argument = JSON.stringify({ port, authorization: `${server.url}/dashboard` });
    const script = resolve(import.meta.dirname, 'stub-provider.mjs');
    const child = spawn(process.execPath, [script, argument], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((ready, failed) => {
      child.once('exit', (code) => failed(new Error(`the provider exited with ${code}`)));
      child.stdout.on('data', (chunk) => String(chunk).includes('ready') && ready());
    });
    const who = ['--slug', slug, '--name', `Stub ${slug}`, '--issuer', `http://127.0.0.1:${port}`, '--client-id', 'latchkey'];
    server.command(['provider', 'add', ...who, '--allow-private-address']);
    return new StubProvider(child);
  }

  stop(): void {
    this.process.kill();
  }
}
