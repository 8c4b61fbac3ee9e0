import { quote } from './finding.ts';
import type { ValueParser } from './value-parsers.ts';

/** What is offered of a cipher list that a user wrote for clients. */
export interface CipherList {
  /** Names of TLS 1.2, between colons; `''`: none is left, and the list counts as absent. */
  readonly ciphers: string;
  /** What was asked for and is not: words that mean no sound cipher, and commands. */
  readonly refused: readonly string[];
}

const ANY = ['ALL', 'DEFAULT', 'HIGH', 'TLSv1.2'];
const ECDHE = ['ECDHE', 'EECDH', 'kECDHE', 'kEECDH', 'ECDH'];
const DHE = ['DHE', 'EDH', 'kDHE', 'kEDH', 'DH', 'aRSA'];
const ECDSA = [...ECDHE, 'aECDSA', 'ECDSA'];
const RSA = [...ECDHE, 'aRSA'];
const AES128 = ['AES', 'AES128', 'AESGCM', 'FIPS'];
const AES256 = ['AES', 'AES256', 'AESGCM', 'FIPS'];
const CHACHA20 = ['CHACHA20'];

/**
 * All that may be offered over TLS 1.2, with the words of OpenSSL that mean it: forward secrecy, an authenticated server and
 * AEAD. In the order in which a word that means several has them. Sources: RFC 9325 §4.2, security.md §9.1.
 */
const soundCiphers: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  (
    [
      ['ECDHE-ECDSA-AES128-GCM-SHA256', ECDSA, AES128],
      ['ECDHE-RSA-AES128-GCM-SHA256', RSA, AES128],
      ['ECDHE-ECDSA-AES256-GCM-SHA384', ECDSA, AES256],
      ['ECDHE-RSA-AES256-GCM-SHA384', RSA, AES256],
      ['ECDHE-ECDSA-CHACHA20-POLY1305', ECDSA, CHACHA20],
      ['ECDHE-RSA-CHACHA20-POLY1305', RSA, CHACHA20],
      ['DHE-RSA-AES256-GCM-SHA384', DHE, AES256],
      ['DHE-RSA-AES128-GCM-SHA256', DHE, AES128],
      ['DHE-RSA-CHACHA20-POLY1305', DHE, CHACHA20],
    ] as const
  ).map(([name, exchange, bulk]) => [name, new Set([name, ...ANY, ...exchange, ...bulk])]),
);

/** Long enough for every name there is. */
const MAX_LENGTH = 4_096;

const SYNTAX = /^(?:[A-Za-z0-9!:+_.-]|@STRENGTH|@SECLEVEL=[0-5])+$/;

/** A list for clients: OpenSSL never sees it, only the names of what is sound in it. */
export function tlsCiphers(): ValueParser<CipherList> {
  return {
    syntax: 'an OpenSSL cipher list',
    parse: (text) =>
      text.length <= MAX_LENGTH && SYNTAX.test(text) ? readCipherList(text) : undefined,
  };
}

/** Why something of it is not in effect; undefined: all of it is. Half a sentence. */
export function cipherProblem({ ciphers, refused }: CipherList): string | undefined {
  const sound =
    'only ECDHE and DHE with AES-GCM or ChaCha20-Poly1305 are offered, and the security level stays as it is (RFC 9325)';
  const names = quote(refused.join(':'));
  if (ciphers !== '') return refused.length === 0 ? undefined : `${names} is left out: ${sound}`;
  return refused.length === 0
    ? 'It leaves no cipher for TLS 1.2; those of TLS 1.3 are not chosen by it'
    : `It leaves no cipher for TLS 1.2, since ${names} is refused: ${sound}`;
}

/** Whether all of it needs parameters that only an administrator can give (`ssl-dh-param`). */
export function isDheAlone({ ciphers }: CipherList): boolean {
  return ciphers !== '' && ciphers.split(':').every((name) => name.startsWith('DHE-'));
}

/** Words from left to right, as OpenSSL reads them: `!` for good, `-` for now, `+` to the end. */
function readCipherList(text: string): CipherList {
  const refused = new Set<string>();
  const banned = new Set<string>();
  let chosen: readonly string[] = [];
  for (const item of text.split(/:|(?=@)/)) {
    const operator = /^[!+-]/.exec(item)?.[0] ?? '';
    const word = item.slice(operator.length);
    const meant = membersOf(word);
    const rest = chosen.filter((name) => !meant.includes(name));
    switch (operator) {
      case '!':
        for (const name of meant) banned.add(name);
        chosen = rest;
        break;
      case '-':
        chosen = rest;
        break;
      case '+':
        chosen = [...rest, ...chosen.filter((name) => meant.includes(name))];
        break;
      default:
        if (meant.length === 0 && word !== '' && !word.startsWith('TLS_')) refused.add(word);
        chosen = [...new Set([...chosen, ...meant.filter((name) => !banned.has(name))])];
    }
  }
  return { ciphers: chosen.join(':'), refused: [...refused] };
}

/** `AESGCM+ECDHE`: those that all of its parts mean. */
function membersOf(word: string): readonly string[] {
  const parts = word.split('+');
  return [...soundCiphers]
    .filter(([, words]) => parts.every((part) => words.has(part)))
    .map(([name]) => name);
}
