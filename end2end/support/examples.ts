import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test as base } from './fixtures.ts';

export const EXAMPLES = resolve(import.meta.dirname, '../../docs/apps');
const VERIFY = resolve(import.meta.dirname, '../../docs/verify/verify.mjs');
const RESULTS = resolve(import.meta.dirname, '../results');
const PACKAGES = resolve(import.meta.dirname, '../../target/tools/python');
/** Where Apache writes what goes wrong. Its standard error is no file that it could open. */
const ERRORS = 'errors';
const MODULES = '/usr/lib/apache2/modules';

type Environment = Record<string, string>;

/** A program of docs/apps in a process of its own, just as its page shows it. */
export class Example {
  private errors = '';
  private readonly lines: AsyncIterator<string>;

  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {
    this.lines = createInterface({ input: process.stdout! })[Symbol.asyncIterator]();
    process.stderr!.on('data', (chunk) => (this.errors += chunk));
  }

  static node(file: string, environment: Environment): Example {
    // Beside node_modules, so that what it imports is found.
    mkdirSync(RESULTS, { recursive: true });
    const folder = mkdtempSync(join(RESULTS, 'apps-'));
    cpSync(EXAMPLES, folder, { recursive: true });
    copyFileSync(VERIFY, join(folder, 'verify.mjs'));
    return Example.run(folder, 'node', [file], environment);
  }

  static flask(environment: Environment): Example {
    const folder = mkdtempSync(join(tmpdir(), 'flask-'));
    cpSync(EXAMPLES, folder, { recursive: true });
    const args = ['-m', 'flask', '--app', 'flask_app', 'run', '--port', environment.PORT];
    return Example.run(folder, 'python3', args, { ...environment, PYTHONPATH: PACKAGES, PYTHONDONTWRITEBYTECODE: '1', AUTHLIB_INSECURE_TRANSPORT: '1' });
  }

  /** Apache with as little configuration as runs, and the example's. */
  static apache(environment: Environment): Example {
    const folder = mkdtempSync(join(tmpdir(), 'apache-'));
    const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'proxy', 'proxy_http', 'auth_openidc'];
    const configuration = [
      `ServerRoot ${folder}`,
      'ServerName 127.0.0.1',
      `Listen 127.0.0.1:${environment.PORT}`,
      `PidFile ${folder}/pid`,
      `ErrorLog ${folder}/${ERRORS}`,
      ...modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`),
      // Whoever starts it as root must name somebody else to answer.
      'User www-data',
      'Group www-data',
      `Include ${EXAMPLES}/apache.conf`,
    ];
    writeFileSync(join(folder, 'apache.conf'), configuration.join('\n'));
    return Example.run(folder, 'apache2', ['-f', join(folder, 'apache.conf'), '-D', 'FOREGROUND'], { ...environment, PATH: `${process.env.PATH}:/usr/sbin` });
  }

  private static run(folder: string, program: string, args: string[], environment: Environment): Example {
    return new Example(spawn(program, args, { cwd: folder, env: { ...process.env, ...environment } }), folder);
  }

  /** The next line that it prints. */
  async line(): Promise<string> {
    const line = await this.lines.next();
    if (line.done) throw new Error(this.problems());
    return line.value;
  }

  /** Waits until it answers at this address. */
  async listening(url: string): Promise<void> {
    const answers = () => {
      if (this.process.exitCode !== null) throw new Error(this.problems());
      return fetch(url, { redirect: 'manual' }).then(
        () => true,
        () => false,
      );
    };
    await expect.poll(answers, { intervals: [50] }).toBe(true);
  }

  /** Waits until it has ended. */
  async ended(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) await new Promise((ended) => this.process.once('exit', ended));
    rmSync(this.folder, { recursive: true, force: true });
  }

  private problems(): string {
    const file = join(this.folder, ERRORS);
    return this.errors + (existsSync(file) ? readFileSync(file, 'utf8') : '');
  }

  async stop(): Promise<void> {
    this.process.kill();
    await this.ended();
  }
}

interface Stoppable {
  stop(): void | Promise<void>;
}

/** Tests with programs that are stopped when the test has ended, however it ended. */
export const test = base.extend<{ running: <T extends Stoppable>(program: T) => T }>({
  running: async ({}, use) => {
    const programs: Stoppable[] = [];
    await use((program) => {
      programs.push(program);
      return program;
    });
    for (const program of programs) await program.stop();
  },
});
