import type { ExchangeHead } from '../codec.ts';
import { FieldList, NO_BODY } from '../fields.ts';

/** What is known of a request whose head can't be read. */
export const UNREADABLE_HEAD: ExchangeHead = {
  method: '',
  target: '',
  authority: '',
  host: '',
  protocol: 'HTTP/1.1',
  fields: new FieldList(),
  body: NO_BODY,
  upgrade: false,
  acceptsTrailers: false,
  byteLength: 0,
};
