import { createSecureContext } from 'node:tls';
import type { ValueParser } from './value-parsers.ts';

const SYNTAX = /^[A-Za-z0-9!:+_-]+(@STRENGTH|@SECLEVEL=[0-5])?$/;

/** Asked of OpenSSL itself: a list that it refuses would leave the workers without any TLS settings. */
export function tlsCiphers(): ValueParser<string> {
  return {
    syntax: 'an OpenSSL cipher list with a cipher that is known',
    parse: (text) => {
      if (!SYNTAX.test(text)) return undefined;
      try {
        createSecureContext({ ciphers: text });
        return text;
      } catch {
        return undefined; // no cipher matches
      }
    },
  };
}
