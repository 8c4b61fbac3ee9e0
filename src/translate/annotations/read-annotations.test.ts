import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateConfigMap } from '../configmap/global-settings.ts';
import { readAnnotations } from './read-annotations.ts';
import { sslRedirect } from './ssl-redirect.ts';

test('a feature of which nothing is set takes no room', () => {
  const prefix = 'nginx.ingress.kubernetes.io';
  const { global } = translateConfigMap(undefined, undefined);
  const annotations = {
    [`${prefix}/ssl-redirect`]: 'false',
    [`${prefix}/proxy-body-size`]: 'huge',
  };
  const { values } = readAnnotations(annotations, { object: 'Ingress shop/web', prefix, global });
  assert.deepEqual([...values], [[sslRedirect, { 'ssl-redirect': false }]]);
});
