import type { CDPSession, Page } from '@playwright/test';

/** What a virtual authenticator does wrong. */
export interface Wrong {
  isBogusSignature?: boolean;
  isBadUV?: boolean;
}

/** An authenticator of Chromium's own, which answers real WebAuthn in the page without asking anybody. */
export class Authenticator {
  private constructor(
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
    return new Authenticator(cdp, authenticatorId);
  }

  /** Whether its owner's finger is the right one. */
  async verifiesUser(isUserVerified: boolean): Promise<void> {
    await this.cdp.send('WebAuthn.setUserVerified', { authenticatorId: this.id, isUserVerified });
  }

  /** Whether somebody touches it. */
  async isTouched(enabled: boolean): Promise<void> {
    await this.cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.id, enabled });
  }

  async does(wrong: Wrong): Promise<void> {
    await this.cdp.send('WebAuthn.setResponseOverrideBits', { authenticatorId: this.id, ...wrong });
  }

  async passkeys() {
    const { credentials } = await this.cdp.send('WebAuthn.getCredentials', { authenticatorId: this.id });
    return credentials;
  }
}
