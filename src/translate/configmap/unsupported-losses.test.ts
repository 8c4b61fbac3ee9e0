import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleConfigMap } from '../../../test/golden/sample-objects.ts';
import { translateConfigMap } from './global-settings.ts';
import { describeLoss } from './unsupported-losses.ts';

for (const { key, byDefault, says } of [
  { key: 'hide-headers', byDefault: '', says: /Clients see these fields .* with its default\.$/ },
  { key: 'gzip-level', byDefault: '1', says: /No answer is compressed.* its default "1"\.$/ },
  { key: 'http-access-log-path', byDefault: '', says: /Logs go to stdout and stderr alone\./ },
  { key: 'default-type', byDefault: 'text/html', says: /no effect\. Remove it.* "text\/html"\.$/ },
  { key: 'gzip-types', byDefault: 'x'.repeat(61), says: /with its default\.$/ },
]) {
  test(`${key} says what is lost without it`, () => {
    assert.match(describeLoss(key, byDefault), says);
  });
}

test('a key that a flag decides is no finding', () => {
  const configMap = sampleConfigMap({ 'worker-processes': '4' });
  const told = (overruled?: ReadonlySet<string>): number =>
    translateConfigMap('ingress/settings', configMap, overruled).findings.length;
  assert.equal(told(), 1);
  assert.equal(told(new Set(['worker-processes'])), 0);
});
