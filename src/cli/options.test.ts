import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServeOptions } from './options.ts';
import { UsageError } from './parse-flags.ts';

test('without flags: our own classes, the standard ports, the whole cluster', () => {
  const { manifests, translate, ports, cluster, notYetHonoured } = parseServeOptions([]);
  assert.deepEqual(manifests, []);
  assert.equal(translate.ingressClass, 'ts-nginx');
  assert.equal(translate.controllerClass, 'ts-nginx.io/ingress-controller');
  assert.equal(translate.allowLocalEndpoints, false);
  assert.deepEqual([ports.http, ports.https, ports.admin, ports.bind], [80, 443, 10254, '::']);
  assert.deepEqual(cluster.watchNamespaces, []);
  assert.deepEqual(notYetHonoured, []);
});

test('manifests allow local endpoints, unless told otherwise', () => {
  const local = (...args: string[]): boolean =>
    parseServeOptions(['--manifests', 'a', ...args]).translate.allowLocalEndpoints;
  assert.equal(local(), true);
  assert.equal(local('--allow-local-endpoints=false'), false);
});

test('an empty value counts as not given, as templates leave it', () => {
  assert.equal(parseServeOptions(['--configmap=']).translate.configMap, undefined);
});

test('the last of a repeated flag wins, but lists add up', () => {
  const options = parseServeOptions([
    '--http-port=1',
    '--http-port=2',
    '--manifests=a,b',
    '--manifests=c',
  ]);
  assert.equal(options.ports.http, 2);
  assert.deepEqual(options.manifests, ['a', 'b', 'c']);
});

test('how Services are reached is one of a few words', () => {
  const { translate } = parseServeOptions([]);
  assert.equal(translate.upstreamAddress, 'endpoints');
  assert.equal(translate.nodeAddressType, 'InternalIP');
  assert.equal(translate.topologyAware, false);
  const given = parseServeOptions([
    '--upstream-address=auto',
    '--upstream-node-address=ExternalIP',
    '--enable-topology-aware-routing',
  ]);
  assert.equal(given.translate.upstreamAddress, 'auto');
  assert.equal(given.translate.nodeAddressType, 'ExternalIP');
  assert.equal(given.translate.topologyAware, true);
  assert.deepEqual(given.notYetHonoured, []);
  assert.throws(
    () => parseServeOptions(['--upstream-address=pods']),
    /one of endpoints, cluster-ip/,
  );
});

test('grace periods are seconds or durations', () => {
  const graceMs = (text: string): number =>
    parseServeOptions([`--shutdown-grace-period=${text}`]).shutdownGraceMs;
  assert.deepEqual([graceMs('5'), graceMs('5s'), graceMs('1m')], [5_000, 5_000, 60_000]);
});

test('-v raises the level of the log', () => {
  assert.equal(parseServeOptions(['--v=0']).logLevel, 'info');
  assert.equal(parseServeOptions(['--v=2']).logLevel, 'debug');
});

test('ConfigMaps of TCP and UDP Services are read', () => {
  const read = (...flags: string[]): object | undefined =>
    parseServeOptions(flags).translate.streamConfigMaps;
  assert.deepEqual(read('--tcp-services-configmap=ns/tcp', '--udp-services-configmap='), {
    TCP: 'ns/tcp',
  });
  assert.deepEqual(read('--udp-services-configmap=ns/udp'), { UDP: 'ns/udp' });
});

test('a flag whose meaning is not there yet is told', () => {
  const { notYetHonoured } = parseServeOptions([
    '--enable-ssl-chain-completion',
    '--sync-period=0',
  ]);
  assert.deepEqual(notYetHonoured, ['--enable-ssl-chain-completion']);
});

for (const { name, args, message } of [
  {
    name: 'a port twice',
    args: ['--http-port=81', '--https-port=81'],
    message: /--https-port and --http-port are both 81/,
  },
  {
    name: 'a port that is none',
    args: ['--http-port=http'],
    message: /--http-port is a whole number from 0 to 65535, not "http"/,
  },
  { name: 'a port beyond', args: ['--http-port=65536'], message: /--http-port/ },
  {
    name: 'a key without namespace',
    args: ['--configmap=settings'],
    message: /--configmap is <namespace>\/<name>/,
  },
  {
    name: 'a duration without unit',
    args: ['--config-quiet-period=5'],
    message: /--config-quiet-period is a duration/,
  },
  {
    name: 'both ways to choose namespaces',
    args: ['--watch-namespace=a', '--watch-namespace-selector=a=b'],
    message: /exclude each other/,
  },
  {
    name: 'a selector that is none',
    args: ['--watch-namespace-selector=a in (b'],
    message: /--watch-namespace-selector is a label selector/,
  },
  {
    name: 'buckets that are no numbers',
    args: ['--time-buckets=1,fast'],
    message: /--time-buckets is a list of numbers/,
  },
  {
    name: 'undefined hosts without hosts',
    args: ['--metrics-per-host=false', '--metrics-per-undefined-host'],
    message: /--metrics-per-undefined-host needs --metrics-per-host/,
  },
  {
    name: 'a level that is none',
    args: ['--log-level=loud'],
    message: /--log-level is debug, info, warn or error/,
  },
]) {
  test(`options: ${name} is refused, naming the flag`, () => {
    assert.throws(
      () => parseServeOptions(args),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}
