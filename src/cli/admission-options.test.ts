import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServeOptions } from './options.ts';

const files = ['--validating-webhook-certificate=cert', '--validating-webhook-key=key'];

test('without --validating-webhook there is none, whatever else is said of it', () => {
  assert.equal(parseServeOptions([]).admission, undefined);
  assert.equal(parseServeOptions(files).admission, undefined);
});

test('files, as ingress-nginx takes them', () => {
  assert.deepEqual(parseServeOptions(['--validating-webhook=:8443', ...files]).admission, {
    host: undefined,
    port: 8443,
    certificate: { kind: 'files', certificate: 'cert', key: 'key' },
  });
});

test('without files the certificate is kept in a Secret', () => {
  const args = [
    '--validating-webhook-secret=ns/name',
    '--validating-webhook-configuration=hook',
    '--validating-webhook-failure-policy=Fail',
  ];
  assert.deepEqual(parseServeOptions(['--validating-webhook=[::1]:8443', ...args]).admission, {
    host: '::1',
    port: 8443,
    certificate: {
      kind: 'kept',
      secret: 'ns/name',
      configuration: 'hook',
      failurePolicy: 'Fail',
    },
  });
});

for (const { name, args, message } of [
  { name: 'no port', args: ['--validating-webhook=8443'], message: /is an address such as :8443/ },
  { name: 'a host name', args: ['--validating-webhook=hook:8443'], message: /is an address such/ },
  { name: 'a port beyond', args: ['--validating-webhook=:65536'], message: /is an address such/ },
  {
    name: 'IPv6 without brackets',
    args: ['--validating-webhook=::1:8443'],
    message: /is an address such/,
  },
  {
    name: 'a port of the proxy',
    args: ['--validating-webhook=:443'],
    message: /--validating-webhook and --https-port are both 443/,
  },
  { name: 'half of the files', args: files.slice(0, 1), message: /are given together/ },
  {
    name: 'another policy',
    args: ['--validating-webhook=:8443', '--validating-webhook-failure-policy=Never'],
    message: /is Fail or Ignore, not "Never"/,
  },
  {
    name: 'manifests, and nowhere to keep a certificate',
    args: ['--validating-webhook=:8443', '--manifests=.'],
    message: /--manifests needs --validating-webhook-certificate/,
  },
]) {
  test(`options of the webhook: ${name} is refused`, () => {
    assert.throws(() => parseServeOptions(args), message);
  });
}
