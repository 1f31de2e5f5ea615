import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import { expect, type Page } from '@playwright/test';
import { fillSignIn, visit } from './people.ts';
import type { Account, Server } from './server.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** An app of somebody else, at an origin of its own on this machine. */
export class App {
  private constructor(
    private readonly server: HttpServer,
    readonly url: string,
  ) {}

  static async start(handler: Handler = (_, response) => response.end('The app is here.')): Promise<App> {
    const server = createServer(handler);
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address();
    if (!address || typeof address !== 'object') throw new Error('no address');
    return new App(server, `http://127.0.0.1:${address.port}`);
  }

  get callback(): string {
    return `${this.url}/callback`;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export interface Client {
  client_id: string;
  client_secret?: string;
}

/** Registers a client by the command line. */
export function addClient(server: Server, kind: string, ...options: string[]): Client {
  return JSON.parse(server.command(['client', 'add', '--name', `A ${kind} app`, '--kind', kind, ...options]));
}

export const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-0123456789';

/** The address of an authorization request. */
export function requestOf(client_id: string, redirect_uri: string, scope = 'openid profile', more: Record<string, string> = {}): string {
  const code_challenge = createHash('sha256').update(VERIFIER).digest('base64url');
  const parameters = { client_id, redirect_uri, scope, response_type: 'code', code_challenge, code_challenge_method: 'S256', ...more };
  return `/oauth/authorize?${new URLSearchParams(parameters)}`;
}

/** Signs in and allows what the app asks for. Returns the address to which the app is answered. */
export async function signInAndAllow(page: Page, account: Account, request: string, callback: string): Promise<URL> {
  await visit(page, request);
  await fillSignIn(page, account);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('button', { name: 'Allow', exact: true }).click();
  return answerAt(page, callback);
}

/** How many tokens this server has given out. */
export function tokensGiven(server: Server): number {
  return server.log.split('\n').filter((line) => line.includes('"/oauth/token"') && line.includes('"status":200')).length;
}

/** Waits until the browser is back at the app, whatever it was answered. */
export async function backAt(page: Page, callback: string): Promise<URL> {
  await page.waitForURL((url) => url.href.startsWith(callback));
  return new URL(page.url());
}

/** Waits until the app is answered at this address, without an error. */
export async function answerAt(page: Page, callback: string): Promise<URL> {
  const answer = await backAt(page, callback);
  expect(answer.searchParams.get('error')).toBeNull();
  return answer;
}
