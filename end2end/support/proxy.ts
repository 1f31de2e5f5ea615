import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What has been stopped on its way. */
export interface Held {
  /** How many have come so far. */
  readonly count: number;
  /** Resolves when the first has come. */
  readonly arrived: Promise<void>;
  /** Lets all go on, those that come later too. */
  release(): void;
  /** Closes the connection instead: nobody learns what became of the request. */
  lose(): void;
}

interface Exchange {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

interface Answer {
  status: number;
  headers: OutgoingHttpHeaders | string[];
  body: Buffer;
}

type Verdict = 'pass' | 'lose';
type Stage = 'request' | 'answer';

class Rule implements Held {
  count = 0;
  readonly arrived: Promise<void>;
  private arrive!: () => void;
  private readonly verdict: Promise<Verdict>;
  private decide!: (verdict: Verdict) => void;

  constructor(
    readonly path: string,
    readonly stage: Stage,
    readonly body: RegExp,
  ) {
    this.arrived = new Promise((resolve) => (this.arrive = resolve));
    this.verdict = new Promise((resolve) => (this.decide = resolve));
  }

  release(): void {
    this.decide('pass');
  }

  lose(): void {
    this.decide('lose');
  }

  pass(): Promise<Verdict> {
    this.count += 1;
    this.arrive();
    return this.verdict;
  }
}

/**
 * Stands between the browser and the server, and holds, loses or replaces what passes. Unlike `page.route` it can lose
 * an answer after the server has acted.
 */
export class Proxy {
  private rules: Rule[] = [];
  /** What is held by rules that are not followed any more. */
  private held: Held[] = [];
  private replacements = new Map<string, Answer>();
  private target = 0;

  private constructor(private readonly http: HttpServer) {}

  static async start(): Promise<Proxy> {
    const http = createServer();
    const proxy = new Proxy(http);
    http.on('request', (request, response) => void proxy.forward(request, response));
    await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
    return proxy;
  }

  get url(): string {
    return `http://localhost:${(this.http.address() as AddressInfo).port}`;
  }

  /** The port of the server behind it. */
  leadTo(port: number): void {
    this.target = port;
  }

  /** Holds the requests to `path` before the server sees them. `body` tells those of different people apart. */
  holdRequests(path: string, body = /(?:)/): Held {
    return this.hold(path, 'request', body);
  }

  /** Holds the answers to requests to `path`: the server has acted, and nobody knows yet. */
  holdAnswers(path: string, body = /(?:)/): Held {
    return this.hold(path, 'answer', body);
  }

  /** Lets pass what comes from now on. What is held stays held. */
  holdNoMore(held: Held): void {
    this.rules = this.rules.filter((rule) => rule !== held);
    this.held.push(held);
  }

  /** Answers `path` itself, as a captive portal does. */
  replaceAnswers(path: string, status: number, type: string, body: string): void {
    this.replacements.set(path, { status, headers: { 'content-type': type }, body: Buffer.from(body) });
  }

  /** Lets everything pass again. */
  reset(): void {
    for (const held of [...this.rules, ...this.held]) held.release();
    this.rules = [];
    this.held = [];
    this.replacements.clear();
  }

  async stop(): Promise<void> {
    this.reset();
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }

  private hold(path: string, stage: Stage, body: RegExp): Held {
    const rule = new Rule(path, stage, body);
    this.rules.push(rule);
    return rule;
  }

  private async forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = incoming;
    const exchange = { method, path: url, headers, body: await read(incoming) };
    if ((await this.verdict(exchange, 'request')) === 'lose') return void outgoing.destroy();
    const answer = this.replacements.get(url) ?? (await this.ask(exchange).catch(() => undefined));
    if (!answer || (await this.verdict(exchange, 'answer')) === 'lose') return void outgoing.destroy();
    outgoing.writeHead(answer.status, answer.headers);
    outgoing.end(answer.body);
  }

  private async verdict({ path, body }: Exchange, stage: Stage): Promise<Verdict> {
    for (const rule of [...this.rules]) {
      if (rule.stage === stage && rule.path === path && rule.body.test(body.toString()) && (await rule.pass()) === 'lose') return 'lose';
    }
    return 'pass';
  }

  private ask({ method, path, headers, body }: Exchange): Promise<Answer> {
    return new Promise((answered, failed) => {
      const sent = request({ host: '127.0.0.1', port: this.target, method, path, headers }, async (response) => {
        answered({ status: response.statusCode ?? 502, headers: response.rawHeaders, body: await read(response) });
      });
      sent.once('error', failed);
      sent.end(body);
    });
  }
}

async function read(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
