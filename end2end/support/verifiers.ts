import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join, resolve } from 'node:path';

const EXAMPLES = resolve(import.meta.dirname, '../../docs/verify');
const RESULTS = resolve(import.meta.dirname, '../results');
const PACKAGES = resolve(import.meta.dirname, '../../target/tools/python');

/** Reads tokens, a line each, and answers each with `ok` and its subject or with `no` and why. */
const NODE_LOOP = `
  import { createInterface } from 'node:readline';
  const { verify } = await import(process.argv[1]);
  for await (const token of createInterface({ input: process.stdin })) {
    try { console.log('ok', (await verify(token)).sub); } catch (error) { console.log('no', error.code ?? String(error)); }
  }`;
const PYTHON_LOOP = `
import os, sys
from verify import KEYS, verify
KEYS.cooldown_duration = float(os.environ.get("PAUSE", KEYS.cooldown_duration))
for line in sys.stdin:
    try:
        print("ok", verify(line.strip())["sub"], flush=True)
    except Exception as error:
        print("no", type(error).__name__, error, flush=True)
`;

/** The same for an example that fetches its keys in its own way, or has one. */
const OTHER_PYTHON_LOOP = `
import importlib, sys
verify = importlib.import_module(sys.argv[1]).verify
for line in sys.stdin:
    try:
        print("ok", verify(line.strip())["sub"], flush=True)
    except Exception as error:
        print("no", type(error).__name__, error, flush=True)
`;

/** Another service, in a process of its own, that verifies tokens as docs/verify.md shows it. */
export class Verifier {
  verified = 0;
  readonly failures: string[] = [];
  private readonly waiting: ((answer: string) => void)[] = [];

  private constructor(
    readonly language: string,
    private readonly process: ChildProcess,
  ) {
    createInterface({ input: process.stdout! }).on('line', (line) => this.waiting.shift()?.(line));
    process.stderr!.on('data', (chunk) => this.failures.push(String(chunk)));
  }

  /** `pause` is how many seconds its library waits between two fetches of the key set, if not its own 30. */
  static node(url: string, pause?: number): Verifier {
    const example = readFileSync(join(EXAMPLES, 'verify.mjs'), 'utf8');
    const keys = "createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer)";
    if (!example.includes(keys)) throw new Error('docs/verify/verify.mjs fetches its keys in another way');
    const paused = pause === undefined ? example : example.replace(keys, `${keys}, { cooldownDuration: ${pause * 1000} }`);
    // Beside node_modules, so that its import of "jose" is found.
    mkdirSync(RESULTS, { recursive: true });
    const copy = join(mkdtempSync(join(RESULTS, 'verify-')), 'verify.mjs');
    writeFileSync(copy, paused);
    return new Verifier('node', run('node', ['--input-type=module', '--eval', NODE_LOOP, copy], { LATCHKEY_URL: url }));
  }

  static python(url: string, pause?: number): Verifier {
    const environment = pause === undefined ? {} : { PAUSE: `${pause}` };
    return new Verifier('python', run('python3', ['-c', PYTHON_LOOP], { LATCHKEY_URL: url, ...environment }));
  }

  /** One of the other examples, in Node.js and in Python. */
  static both(example: string, environment: Record<string, string>): Verifier[] {
    mkdirSync(RESULTS, { recursive: true });
    const folder = mkdtempSync(join(RESULTS, 'verify-'));
    cpSync(EXAMPLES, folder, { recursive: true });
    return [
      new Verifier('node', run('node', ['--input-type=module', '--eval', NODE_LOOP, join(folder, `${example}.mjs`)], environment)),
      new Verifier('python', run('python3', ['-c', OTHER_PYTHON_LOOP, example], environment)),
    ];
  }

  /** `ok` and the subject, or `no` and why. */
  async ask(token: string): Promise<string> {
    const answer = new Promise<string>((answered) => this.waiting.push(answered));
    this.process.stdin!.write(`${token}\n`);
    const line = await answer;
    if (line.startsWith('ok ')) this.verified += 1;
    else this.failures.push(line);
    return line;
  }

  stop(): void {
    this.process.stdin!.end();
  }
}

function run(program: string, args: string[], environment: Record<string, string>): ChildProcess {
  const PYTHONPATH = `${EXAMPLES}:${PACKAGES}`;
  return spawn(program, args, { cwd: EXAMPLES, env: { ...process.env, ...environment, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1' } });
}
