import type { Settings } from '../model/settings.ts';
import { FieldKind, FieldList } from './fields.ts';

export const PRODUCT = 'ts-nginx';

/** What of an answer's fields is the proxy's business. */
export interface AnswerContext {
  readonly settings: Settings;
  /** Value of `Date`. */
  readonly date: string;
  /** Value of Strict-Transport-Security; undefined: not over TLS, or not for this host. */
  readonly hsts: string | undefined;
}

function isAlwaysDropped(_name: string, kind: number): boolean {
  return (
    kind === FieldKind.Date ||
    kind === FieldKind.Server ||
    kind === FieldKind.XAccel ||
    kind === FieldKind.XPad
  );
}

function isDroppedButServer(name: string, kind: number): boolean {
  return kind !== FieldKind.Server && isAlwaysDropped(name, kind);
}

function isHsts(_name: string, kind: number): boolean {
  return kind === FieldKind.StrictTransportSecurity;
}

/** Makes the fields of an upstream's answer those that the client gets. Source: routing.md §12, `hsts`, `server-tokens`. */
export function setAnswerFields(fields: FieldList, { settings, date, hsts }: AnswerContext): void {
  const keepsServer =
    settings.allowUpstreamServerField && fields.get(FieldKind.Server) !== undefined;
  fields.remove(keepsServer ? isDroppedButServer : isAlwaysDropped);
  if (hsts !== undefined) fields.remove(isHsts);
  if (settings.serverTokens && !keepsServer) fields.push('Server', PRODUCT, FieldKind.Server);
  addCommon(fields, date, hsts);
}

/** Fields of an answer of our own, with or without a page. */
export function ownAnswerFields(
  { settings, date, hsts }: AnswerContext,
  hasPage: boolean,
): FieldList {
  const fields = new FieldList();
  if (settings.serverTokens) fields.push('Server', PRODUCT, FieldKind.Server);
  if (hasPage) {
    fields.push('Content-Type', 'text/html', FieldKind.ContentType);
    fields.push('X-Content-Type-Options', 'nosniff', FieldKind.Other);
  }
  addCommon(fields, date, hsts);
  return fields;
}

function addCommon(fields: FieldList, date: string, hsts: string | undefined): void {
  fields.push('Date', date, FieldKind.Date);
  if (hsts !== undefined) {
    fields.push('Strict-Transport-Security', hsts, FieldKind.StrictTransportSecurity);
  }
}
