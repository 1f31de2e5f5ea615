import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { MEMBER_PAGES, NOT_FOUND, PUBLIC_PAGES, ROLE_PAGES, about } from '../support/pages.ts';
import { Server, freePort, newAccount } from '../support/server.ts';

interface Grade {
  status: number;
  grade: string;
  score: number;
  findings: string[];
}

/** A certificate that nobody has signed but itself. */
function makeCertificate(folder: string): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  return { certificate, key };
}

test('MDN Observatory gives every kind of page an A+', async () => {
  test.setTimeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), 'observatory-'));
  const [https, http] = [await freePort(), await freePort()];
  const { certificate, key } = makeCertificate(folder);
  const url = `https://localhost:${https}`;
  const server = await Server.start({
    LATCHKEY_ADDR: `127.0.0.1:${https}`,
    LATCHKEY_PUBLIC_URL: url,
    LATCHKEY_REDIRECT_ADDR: `127.0.0.1:${http}`,
    LATCHKEY_TLS_CERTIFICATE: certificate,
    LATCHKEY_TLS_KEY: key,
  });
  const run = (args: string[]): string => {
    const done = spawnSync('node', args, { encoding: 'utf8', env: { ...process.env, NODE_EXTRA_CA_CERTS: certificate } });
    if (done.status !== 0) throw new Error(done.stderr);
    return done.stdout;
  };
  try {
    const ada = newAccount();
    const [subjects, eve] = [server.addSubjects(ada, 'editor admin'), newAccount()];
    server.addUser(eve);
    const cookieOf = (account: typeof ada) => run([resolve(import.meta.dirname, 'sign-in.js'), url, account.email, account.password]).trim();
    const [admin, member] = [cookieOf(ada), cookieOf(eve)];
    const pages = [
      ...[...PUBLIC_PAGES, NOT_FOUND].map(({ path }) => [path, '']),
      ...[...MEMBER_PAGES, ...ROLE_PAGES].map(({ path }) => [about(subjects, path), admin]),
      ...[...MEMBER_PAGES, ...ROLE_PAGES].map(({ path }) => [about(subjects, path), '']),
      ['/admin/users', member],
      ['/healthz', ''],
      ['/.well-known/jwks.json', ''],
      ['/api/account/me', ''],
    ];
    for (const [path, cookie] of pages) {
      const grade = JSON.parse(run([resolve(import.meta.dirname, 'grade.js'), path, `${https}`, `${http}`, cookie])) as Grade;
      console.log(`${grade.grade} ${grade.score} ${grade.status} ${path}${cookie ? ' (signed in)' : ''}`);
      expect(grade, path).toMatchObject({ grade: 'A+', findings: [] });
    }
  } finally {
    await server.destroy();
    rmSync(folder, { recursive: true, force: true });
  }
});
