import { SMTPServer } from 'smtp-server';
import { expect, test as base } from './fixtures.ts';
import { Server, freePort, type Settings } from './server.ts';

/** A relay that keeps what it takes. */
export class MailBox {
  /** Recipient and text of each mail, the newest last. */
  readonly mails: { to: string; text: string }[] = [];

  private constructor(
    readonly port: number,
    private readonly relay: SMTPServer,
  ) {}

  static async start(port?: number): Promise<MailBox> {
    port ??= await freePort();
    const relay = new SMTPServer({
      authOptional: true,
      disabledCommands: ['AUTH', 'STARTTLS'],
      onData: (stream, session, done) => {
        let text = '';
        stream.on('data', (chunk) => (text += chunk));
        stream.on('end', () => {
          const to = session.envelope.rcptTo.map(({ address }) => address).join();
          // Lines that are too long for a mail are broken (quoted-printable).
          box.mails.push({ to, text: text.replaceAll('=\r\n', '').replaceAll('=3D', '=') });
          done();
        });
      },
    });
    const box = new MailBox(port, relay);
    await new Promise<void>((ready) => relay.listen(box.port, '127.0.0.1', ready));
    return box;
  }

  /** Settings that lead mails here, with everything on that is done by mail. */
  get settings(): Settings {
    const url = `smtp://127.0.0.1:${this.port}`;
    return { LATCHKEY_MAIL_URL: url, LATCHKEY_MAIL_FROM: 'Latchkey <latchkey@localhost>', LATCHKEY_MAIL_SIGN_IN_LINKS: 'on' };
  }

  /** Waits for a mail to this address with a link to this page, and returns the link. */
  async link(to: string, page: string): Promise<string> {
    const found = () => this.mails.filter((mail) => mail.to === to).flatMap(({ text }) => text.split('\r\n').filter((line) => line.includes(page)));
    await expect.poll(found, { message: `a mail to ${to}`, timeout: 30_000 }).not.toEqual([]);
    return found().at(-1)!;
  }

  stop(): Promise<void> {
    return new Promise((stopped) => this.relay.close(stopped));
  }
}

/** Tests of a server that sends mail. */
export const test = base.extend<{ mails: MailBox }, { mailing: { mails: MailBox; server: Server } }>({
  mailing: [
    async ({}, use) => {
      const mails = await MailBox.start();
      const server = await Server.start({ LATCHKEY_RATE_LIMIT: 'off', ...mails.settings });
      await use({ mails, server });
      await server.destroy();
      await mails.stop();
    },
    { scope: 'worker' },
  ],

  server: async ({ mailing }, use) => use(mailing.server),
  mails: async ({ mailing }, use) => use(mailing.mails),
});
