import { execFileSync } from 'node:child_process';

/**
 * The Chromium of this machine: LATCHKEY_CHROMIUM, or the first that is on PATH. The headless shell is the same browser
 * without the windows around its pages, and takes a third less processor time.
 */
export function chromium(): string {
  const given = process.env.LATCHKEY_CHROMIUM;
  if (given) return given;
  for (const name of ['chromium-headless-shell', 'chromium', 'google-chrome', 'chromium-browser']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // Not this one.
    }
  }
  throw new Error('No Chromium found. Run `make setup`, or set LATCHKEY_CHROMIUM to one.');
}
