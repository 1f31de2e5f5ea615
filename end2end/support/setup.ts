import { expect } from '@playwright/test';
import type { Server } from './server.ts';

const LINK = /\/setup\?token=[\w-]+/;

/** The path of the setup link that a server without accounts prints. */
export async function setupLink(server: Server): Promise<string> {
  await expect.poll(() => server.output).toMatch(LINK);
  return LINK.exec(server.output)![0];
}
