import { expect, type CDPSession, type Page } from '@playwright/test';

/** What a virtual authenticator does wrong. */
export interface Wrong {
  isBogusSignature?: boolean;
  isBadUV?: boolean;
}

/** An authenticator of Chromium's own, which answers real WebAuthn in the page without asking anybody. */
export class Authenticator {
  private constructor(
    private readonly page: Page,
    private readonly cdp: CDPSession,
    private readonly id: string,
  ) {}

  /** A phone whose maker syncs its passkeys. It answers what the page asks for at once, so it is added when that is wanted. */
  static async add(page: Page, { synced = true } = {}): Promise<Authenticator> {
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        defaultBackupEligibility: synced,
        defaultBackupState: synced,
      },
    });
    return new Authenticator(page, cdp, authenticatorId);
  }

  /** Whether its owner's finger is the right one. */
  async verifiesUser(isUserVerified: boolean): Promise<void> {
    await this.cdp.send('WebAuthn.setUserVerified', { authenticatorId: this.id, isUserVerified });
  }

  /** Its owner picks no suggestion, from the next page on. Else it answers one at once, which may be before a button is pressed. */
  async ignoresSuggestions(): Promise<void> {
    await this.page.addInitScript(() => {
      const get = CredentialsContainer.prototype.get;
      CredentialsContainer.prototype.get = function (options) {
        if (options?.mediation !== 'conditional') return get.call(this, options);
        const { signal } = options;
        return new Promise((_, reject) => {
          if (signal?.aborted) reject(signal.reason);
          signal?.addEventListener('abort', () => reject(signal.reason));
        });
      };
    });
  }

  async does(wrong: Wrong): Promise<void> {
    await this.cdp.send('WebAuthn.setResponseOverrideBits', { authenticatorId: this.id, ...wrong });
  }

  async passkeys() {
    const { credentials } = await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.id });
    return credentials;
  }
}

/** Adds the account's first passkey, on the page about security. */
export async function addPasskey(page: Page): Promise<Authenticator> {
  const phone = await Authenticator.add(page);
  await page.getByRole('button', { name: 'Add a passkey', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Passkeys' }).getByRole('listitem')).toHaveCount(1);
  return phone;
}
