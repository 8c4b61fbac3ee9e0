import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { TlsOptions } from 'node:tls';
import type { TicketSettings } from '../../model/settings.ts';

/** What Node takes: 16 bytes that name the key, 16 for the HMAC, 16 for AES. */
const KEY_BYTES = 48;
const SECRET_BYTES = 32;
const CONTEXT_LENGTH = 32;

/**
 * Ticket keys, one for each host: a ticket of one is to another what a ticket of a stranger is, and the handshake is a full
 * one. Workers that have the same secret resume each other's sessions.
 */
export class TicketKeys {
  /** Where nobody gives one, this worker is alone with its tickets. */
  secret: Buffer = randomBytes(SECRET_BYTES);

  optionsFor(hostName: string, { key, lifetimeMs }: TicketSettings): TlsOptions {
    const secret = key === undefined ? this.secret : Buffer.from(key.value.reveal(), 'base64');
    return {
      ticketKeys: Buffer.from(
        hkdfSync('sha256', secret, '', `session tickets of ${hostName}`, KEY_BYTES),
      ),
      sessionTimeout: Math.max(1, Math.round(lifetimeMs / 1_000)),
      // A second lock: OpenSSL resumes no session of another context.
      sessionIdContext: createHash('sha256')
        .update(hostName)
        .digest('hex')
        .slice(0, CONTEXT_LENGTH),
    };
  }
}
