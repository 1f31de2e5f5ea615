import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';

const EXAMPLES = resolve(import.meta.dirname, '../../docs/verify');
const PACKAGES = resolve(import.meta.dirname, '../../target/tools/python');

/** Reads tokens, a line each, and answers each with `ok` and its subject or with `no` and why. */
const NODE_LOOP = `
  import { createInterface } from 'node:readline';
  const { verify } = await import(process.argv[1]);
  for await (const token of createInterface({ input: process.stdin })) {
    try { console.log('ok', (await verify(token)).sub); } catch (error) { console.log('no', error.code ?? String(error)); }
  }`;
const PYTHON_LOOP = `
import sys
from verify import verify
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

  static node(url: string): Verifier {
    // The examples import "jose", which is found from here.
    const example = resolve(import.meta.dirname, '../results/verify.mjs');
    return new Verifier('node', run('node', ['--input-type=module', '--eval', NODE_LOOP, example], url));
  }

  static python(url: string): Verifier {
    return new Verifier('python', run('python3', ['-c', PYTHON_LOOP], url));
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

function run(program: string, args: string[], url: string): ChildProcess {
  const PYTHONPATH = `${EXAMPLES}:${PACKAGES}`;
  return spawn(program, args, { cwd: EXAMPLES, env: { ...process.env, LATCHKEY_URL: url, PYTHONPATH, PYTHONDONTWRITEBYTECODE: '1' } });
}
