import type { Account, Server } from './server.ts';

interface Session {
  access_token: string;
  expires_in: number;
  session_id: string;
  user: { id: string; display_name: string; roles: string[] };
}

/** Calls the API as the browser does, without a browser. */
export class ApiClient {
  token = '';
  cookie = '';
  user!: Session['user'];
  sessionId = '';

  private constructor(private readonly server: Server) {}

  static anonymous(server: Server): ApiClient {
    return new ApiClient(server);
  }

  static async signUp(server: Server, account: Account): Promise<ApiClient> {
    const client = new ApiClient(server);
    const { email, name, password } = account;
    await client.take(await client.post('/api/auth/register', { email, display_name: name, password }));
    return client;
  }

  static async signIn(server: Server, { email, password }: Account): Promise<ApiClient> {
    const client = new ApiClient(server);
    await client.take(await client.post('/api/auth/login', { email, password }));
    return client;
  }

  get kid(): string {
    return this.header.kid;
  }

  get alg(): string {
    return this.header.alg;
  }

  private get header(): { kid: string; alg: string } {
    return JSON.parse(Buffer.from(this.token.split('.')[0], 'base64url').toString());
  }

  post(path: string, fields: Record<string, string> = {}): Promise<Response> {
    const headers: Record<string, string> = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    if (this.cookie) headers.cookie = this.cookie;
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    return fetch(this.server.url + path, { method: 'POST', headers, body: new URLSearchParams(fields) });
  }

  /** Calls a server function, which must succeed, and returns its answer. */
  async call<T>(path: string, fields: Record<string, string> = {}): Promise<T> {
    const response = await this.post(path, fields);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async refreshOnce(): Promise<void> {
    await this.take(await this.post('/api/auth/refresh'));
  }

  /** Refreshes. While the server is away, it tries again. */
  async refresh(): Promise<void> {
    for (;;) {
      try {
        return await this.refreshOnce();
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  /** Holds on to the session of an answer. */
  async take(response: Response): Promise<void> {
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    const cookie = response.headers.getSetCookie().find((cookie) => cookie.startsWith('__Host-latchkey='));
    if (cookie) this.cookie = cookie.split(';')[0];
    const session = (await response.json()) as Session;
    this.token = session.access_token;
    this.user = session.user;
    this.sessionId = session.session_id;
  }
}
