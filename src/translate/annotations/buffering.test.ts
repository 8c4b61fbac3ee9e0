import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultBuffering } from '../../../test/blackbox/harness/default-settings.ts';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

for (const { name, given, configMap = {}, want } of [
  { name: 'by default 64 KiB can be sent again', given: {}, want: {} },
  {
    name: 'off: nothing can be sent again',
    given: { 'proxy-request-buffering': 'off', 'client-body-buffer-size': '1m' },
    want: { repeatBytes: 'none' },
  },
  {
    name: 'a size is kept within bounds',
    given: { 'client-body-buffer-size': '1m' },
    want: { repeatBytes: 131_072 },
  },
  { name: 'a small size changes nothing', given: { 'client-body-buffer-size': '1k' }, want: {} },
  {
    name: 'a size in between',
    given: { 'client-body-buffer-size': '100k' },
    want: { repeatBytes: 102_400 },
  },
  { name: 'read ahead', given: { 'proxy-buffering': 'on' }, want: { readAheadBytes: 131_072 } },
  {
    name: 'each falls back to the ConfigMap',
    given: { 'proxy-buffering': 'off' },
    configMap: { 'proxy-buffering': 'on', 'proxy-request-buffering': 'off' },
    want: { repeatBytes: 'none' },
  },
  { name: 'a bad word leaves the default', given: { 'proxy-buffering': 'yes' }, want: {} },
  { name: 'a bad size leaves the default', given: { 'client-body-buffer-size': '8kb' }, want: {} },
]) {
  test(`buffering: ${name}`, () => {
    const { route } = applyAnnotations(given, { configMap });
    assert.deepEqual(route.buffering, { ...defaultBuffering, ...want });
  });
}
