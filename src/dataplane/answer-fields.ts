import type { Settings } from '../model/settings.ts';
import type { Clock } from './clock.ts';
import { FieldBlock, kindMask, type KindMask } from './field-block.ts';
import { FieldKind, FieldList } from './fields.ts';

/** Our name, where it is shown at all (`server-tokens`). */
export const PRODUCT = 'ts-nginx';

/** What the proxy does to the fields of an answer. */
export interface AnswerFields {
  /** Of the upstream's. */
  readonly dropped: KindMask;
  readonly added: FieldBlock;
}

const ALWAYS_DROPPED = [FieldKind.Date, FieldKind.XAccel, FieldKind.XPad];

/**
 * Which fields an answer gets and loses, whoever gives it: `Date`, `Server`, Strict-Transport-Security (routing.md §12). They
 * are the same for all answers of a second and a host, so they are made once for these.
 */
export class AnswerFieldsMaker {
  readonly #clock: Clock;
  #settings: Settings | undefined;
  #date = '';
  readonly #plain = new Map<string | undefined, AnswerFields>();
  readonly #withUpstreamServer = new Map<string | undefined, AnswerFields>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param hsts value of Strict-Transport-Security; undefined: not over TLS, or not for this host.
   * @param received the upstream's fields.
   */
  fieldsFor(hsts: string | undefined, settings: Settings, received?: FieldList): AnswerFields {
    const { httpDate } = this.#clock;
    if (httpDate !== this.#date || settings !== this.#settings) {
      this.#date = httpDate;
      this.#settings = settings;
      this.#plain.clear();
      this.#withUpstreamServer.clear();
    }
    const keepsServer =
      settings.allowUpstreamServerField && received?.get(FieldKind.Server) !== undefined;
    const made = keepsServer ? this.#withUpstreamServer : this.#plain;
    let fields = made.get(hsts);
    if (fields === undefined) {
      fields = makeFields(httpDate, hsts, keepsServer ? 'upstream' : settings.serverTokens);
      made.set(hsts, fields);
    }
    return fields;
  }
}

/** The same and one more cookie, beside those of the upstream. */
export function withCookie({ dropped, added }: AnswerFields, cookie: string): AnswerFields {
  const fields = new FieldList();
  added.fields.kinds.forEach((kind, index) => {
    fields.push(added.fields.names[index] ?? '', added.fields.values[index] ?? '', kind);
  });
  fields.push('Set-Cookie', cookie, FieldKind.SetCookie);
  return { dropped, added: new FieldBlock(fields) };
}

/** `server`: the upstream's stays, ours is added or not. */
function makeFields(
  date: string,
  hsts: string | undefined,
  server: 'upstream' | boolean,
): AnswerFields {
  const fields = new FieldList();
  if (server === true) fields.push('Server', PRODUCT, FieldKind.Server);
  fields.push('Date', date, FieldKind.Date);
  const dropped: number[] = [...ALWAYS_DROPPED];
  if (server !== 'upstream') dropped.push(FieldKind.Server);
  if (hsts !== undefined) {
    fields.push('Strict-Transport-Security', hsts, FieldKind.StrictTransportSecurity);
    dropped.push(FieldKind.StrictTransportSecurity);
  }
  return { dropped: kindMask(dropped), added: new FieldBlock(fields) };
}
