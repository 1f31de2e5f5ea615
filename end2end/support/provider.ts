import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import type { Server } from './server.ts';

let started = 0;

/** A provider that can be set up any number of times, and that leads back to the dashboard whoever is sent there. */
export class StubProvider {
  private constructor(
    readonly issuer: string,
    private readonly process: ChildProcess,
  ) {}

  /** It is a program of its own: a command of Latchkey asks it about itself while the test waits. */
  static async start(server: Server): Promise<StubProvider> {
    const script = resolve(import.meta.dirname, 'stub-provider.mjs');
    const child = spawn(process.execPath, [script, `${server.url}/dashboard`], { stdio: ['pipe', 'pipe', 'inherit'] });
    const origin = await new Promise<string>((ready, failed) => {
      child.once('exit', (code) => failed(new Error(`the provider exited with ${code}`)));
      child.stdout.once('data', (chunk) => ready(String(chunk).trim()));
    });
    // A port comes back after it was given up, and a server takes an issuer once.
    started += 1;
    return new StubProvider(`${origin}/${started}`, child);
  }

  /** Sets it up. */
  addTo(server: Server, slug: string): void {
    const who = ['--slug', slug, '--name', `Stub ${slug}`, '--issuer', `${this.issuer}/${slug}`, '--client-id', 'latchkey'];
    server.command(['provider', 'add', ...who, '--allow-private-address']);
  }

  stop(): void {
    this.process.kill();
  }
}
