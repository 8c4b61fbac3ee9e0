import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyAnnotations } from '../../../test/unit/apply-annotations.ts';

for (const { name, given, configMap = {}, want } of [
  {
    name: 'by default three attempts',
    given: {},
    want: { attempts: 3, onError: true, onTimeout: true },
  },
  {
    name: 'off is one',
    given: { 'proxy-next-upstream': 'off' },
    want: { attempts: 1, onError: false, onTimeout: false },
  },
  {
    name: 'off beside others is off',
    given: { 'proxy-next-upstream': 'error off' },
    want: { attempts: 1, onError: false, onTimeout: false },
  },
  {
    name: 'one condition',
    given: { 'proxy-next-upstream': 'timeout', 'proxy-next-upstream-tries': '5' },
    want: { attempts: 5, onError: false, onTimeout: true },
  },
  {
    name: 'conditions that are not honoured repeat nothing',
    given: { 'proxy-next-upstream': 'http_502' },
    want: { attempts: 1, onError: false, onTimeout: false },
  },
  {
    name: '0 is many',
    given: { 'proxy-next-upstream-tries': '0' },
    want: { attempts: 16, onError: true, onTimeout: true },
  },
  {
    name: 'each falls back to the ConfigMap',
    given: { 'proxy-next-upstream-tries': '2' },
    configMap: { 'proxy-next-upstream': 'error' },
    want: { attempts: 2, onError: true, onTimeout: false },
  },
  {
    name: 'a bad condition leaves the default',
    given: { 'proxy-next-upstream': 'error, timeout' },
    want: { attempts: 3, onError: true, onTimeout: true },
  },
]) {
  test(`retries: ${name}`, () => {
    assert.deepEqual(applyAnnotations(given, { configMap }).route.retry, want);
  });
}
