import { createHmac } from 'node:crypto';
import { expect, type Page } from '@playwright/test';
import { fillSignIn, heading, isAt, press, visit, waitForHydration } from './people.ts';
import type { Account } from './server.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The code that an authenticator app shows (RFC 6238); `steps` from now, each 30 seconds. */
export function codeOf(secret: string, steps = 0): string {
  const bits = [...secret].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** The field for a code. */
export function code(page: Page) {
  return page.getByRole('main').getByLabel('Code', { exact: true });
}

/** A section of the page about security. */
export function section(page: Page, name: string) {
  return page.getByRole('region', { name, exact: true });
}

/** Begins to set up an authenticator app on the page about security, and returns its secret. */
export async function beginEnrolment(page: Page): Promise<string> {
  const app = section(page, 'Authenticator app');
  await app.getByRole('button', { name: 'Set up an authenticator app' }).click();
  await expect(app.getByRole('heading', { name: 'Scan this code with your app' })).toBeFocused();
  await expect(app.getByRole('img', { name: 'QR code for your authenticator app' })).toBeVisible();
  return (await app.locator('code').textContent())!;
}

/** Sets up an authenticator app. Returns its secret and the recovery codes. */
export async function enrol(page: Page): Promise<{ secret: string; codes: string[] }> {
  const secret = await beginEnrolment(page);
  await code(page).fill(codeOf(secret));
  await page.keyboard.press('Enter');
  const app = section(page, 'Authenticator app');
  await expect(app.getByRole('heading', { name: 'Keep these recovery codes' })).toBeFocused();
  const codes = await app.getByRole('listitem').allTextContents();
  expect(codes).toHaveLength(10);
  return { secret, codes };
}

/** Signs in with the password, and waits for the page of the second step. */
export async function firstStep(page: Page, account: Account): Promise<void> {
  await visit(page, '/login');
  await fillSignIn(page, account);
  await press(page, 'Sign in');
  await page.waitForURL(isAt('/login/second-step'));
  await waitForHydration(page);
  await expect(heading(page)).toHaveText('Confirm that it is you');
}
