/** What comes as text from outside and has no property test beside its parser: any text is read or refused, quickly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDuration, parseFlags, UsageError } from '../../src/cli/parse-flags.ts';
import { serveFlags } from '../../src/cli/flags.ts';
import { AddressList } from '../../src/dataplane/address-list.ts';
import { effectiveAddress } from '../../src/dataplane/client-address.ts';
import { parseResolvConf } from '../../src/source/dns/resolv-conf.ts';
import { splitDocuments } from '../../src/source/manifests/split-documents.ts';
import { parseHostName } from '../../src/translate/host-name.ts';
import { parseLabelSelector } from '../../src/translate/label-selector.ts';

const trusted = new AddressList(['10.0.0.0/8', '::/0']);
const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  'X-Forwarded-For': (text) => effectiveAddress(text, '10.0.0.1', trusted),
  'host name': parseHostName,
  'label selector': parseLabelSelector,
  'resolv.conf': parseResolvConf,
  'YAML documents': splitDocuments,
  'duration of a flag': parseDuration,
  flags: (text) => {
    try {
      return parseFlags(text.split(' '), serveFlags);
    } catch (error) {
      assert.ok(error instanceof UsageError, error as Error);
      return undefined;
    }
  },
};
const letters = fc.constantFrom(...Array.from('aA0.:,;-_=!()/ \t\n#"\'hms*%'));
const anyText = fc.oneof(
  fc.string({ unit: letters, maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

for (const [name, parse] of Object.entries(parsers)) {
  test(`${name}: no text makes the parser throw`, () => {
    fc.assert(
      fc.property(anyText, (text) => {
        parse(text);
      }),
      { numRuns: 10_000 },
    );
  });
}

/** What clients and tenants write; flags are the administrator's. */
for (const name of ['X-Forwarded-For', 'host name', 'YAML documents']) {
  test(`${name}: 100 KB of anything take less than half a second`, () => {
    for (const piece of [
      ' ',
      '\t',
      ',',
      'a',
      'a,',
      ' ,',
      '.',
      'a.',
      '-',
      '(',
      '!',
      '=',
      '\n',
      '1',
    ]) {
      const begun = performance.now();
      parsers[name]?.(`a${piece.repeat(100_000 / piece.length)}!`);
      assert.ok(performance.now() - begun < 500, JSON.stringify(piece));
    }
  });
}
