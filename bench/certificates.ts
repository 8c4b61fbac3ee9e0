import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { parseArgs } from 'node:util';
import { createLogger } from '../src/observability/logger.ts';
import type { Store } from '../src/source/store.ts';
import { startControlPlane } from './control-plane.ts';
import type { ControlPlane } from './control-plane.ts';
import { describeMachine } from './machine.ts';
import { makeCertificate, type KeyKind } from './make-certificate.ts';
import {
  benchClass,
  benchHosts,
  benchIngress,
  benchService,
  benchSlice,
  revised,
} from './manifests.ts';
import { stop } from './processes.ts';
import { spread } from './spread.ts';

/**
 * `node bench/certificates.ts [--hosts 10000] [--key ecdsa|rsa] [--workers 1]`: what ten thousand hosts with a certificate each
 * cost: to start, in memory, in a handshake, in a change. All is real but the API server, as in control-plane-program.ts. CPU times are
 * those of this process, which is the control plane and its workers; clients are another.
 */
const ROUNDS = 5;
const HANDSHAKES = 500;
const CHANGES = 20;

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: '10000' },
    key: { type: 'string', default: 'ecdsa' },
    workers: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
});
const count = Number(values.hosts);
const kind: KeyKind = values.key === 'rsa' ? 'rsa' : 'ecdsa';
const hosts = benchHosts(count);

const nameOf = (host: string): string => host.replaceAll('.', '-');

function secretOf(host: string): Parameters<Store['upsert']>[1] {
  const { chain, key } = makeCertificate(host, kind);
  const data = { 'tls.crt': base64(chain), 'tls.key': base64(key) };
  const metadata = { name: nameOf(host), namespace: 'bench' };
  return revised({ apiVersion: 'v1', kind: 'Secret', metadata, data });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** In two steps, so that making the certificates is not on the clock. */
function objectsOf(): (store: Store) => void {
  const secrets = hosts.map(secretOf);
  const ingresses = hosts.map((host) => {
    const ingress = benchIngress(host, 'web');
    const tls = [{ hosts: [host], secretName: nameOf(host) }];
    return revised({ ...ingress, spec: { ...ingress.spec, tls } });
  });
  return (store) => {
    store.upsert('ingressclasses', revised(benchClass));
    store.upsert('services', revised(benchService('web')));
    store.upsert('endpointslices', revised(benchSlice('web', 9)));
    for (const secret of secrets) store.upsert('secrets', secret);
    for (const ingress of ingresses) store.upsert('ingresses', ingress);
  };
}

/** Clients in a process of their own. */
class Clients {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor() {
    const script = join(import.meta.dirname, 'load/handshakes.ts');
    this.#child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('the clients have no output');
    const lines: Interface = createInterface({ input: stdout });
    this.#answers = lines[Symbol.asyncIterator]();
  }

  /** Microseconds of our CPU time that each handshake took. */
  async shake(port: number, hostCount: number, handshakes: number): Promise<number> {
    const before = process.cpuUsage();
    this.#child.stdin?.write(`${port} ${hostCount} ${handshakes}\n`);
    const { value } = (await this.#answers.next()) as { readonly value: string };
    const { user, system } = process.cpuUsage(before);
    if (value !== '0') throw new Error(`${value} of ${handshakes} handshakes failed`);
    return (user + system) / handshakes;
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await stop(this.#child);
  }
}

function residentMiB(): number {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.();
  return process.memoryUsage.rss() / 1_048_576;
}

async function measure(plane: ControlPlane, startMs: number, emptyMiB: number): Promise<void> {
  const clients = new Clients();
  try {
    // As many as after, so that what connections leave behind is not taken for what hosts do.
    await clients.shake(plane.httpsPort, 1, count);
    const startedMiB = residentMiB();
    const first = await clients.shake(plane.httpsPort, count, count);
    const usedMiB = residentMiB();
    const one: number[] = [];
    const all: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      one.push(await clients.shake(plane.httpsPort, 1, HANDSHAKES));
      all.push(await clients.shake(plane.httpsPort, count, HANDSHAKES));
    }
    const ratios = all.map((each, round) => each / (one[round] ?? Number.NaN));
    const changes = [];
    for (let change = 0; change < CHANGES; change++) {
      const secret = secretOf(hosts[(change * 37) % count] ?? '');
      changes.push(
        await plane.change(() => {
          plane.store.upsert('secrets', secret);
        }),
      );
    }
    const perHostKiB = (mib: number): string => `${((mib * 1_024) / count).toFixed(1)} KiB`;
    print([
      ['from the first object to all of them served', `${(startMs / 1_000).toFixed(1)} s`],
      ['memory for each host before its first handshake', perHostKiB(startedMiB - emptyMiB)],
      [
        'more of it after, for each worker',
        perHostKiB((usedMiB - startedMiB) / Number(values.workers)),
      ],
      ['CPU of a handshake with one host', figure(one, 'µs')],
      ['with all hosts in turn', figure(all, 'µs')],
      ['ratio', figure(ratios, '')],
      ['of the first handshake of a host', `${first.toFixed(0)} µs`],
      [
        'a certificate that changes, on every worker',
        figure(
          changes.map(({ ms }) => ms),
          'ms',
        ),
      ],
      [
        'bytes sent to each worker for it',
        figure(
          changes.map(({ bytes }) => bytes),
          '',
        ),
      ],
    ]);
  } finally {
    await clients.stop();
  }
}

function figure(samples: readonly number[], unit: string): string {
  const { median, min, max } = spread(samples);
  const digits = median < 10 ? 2 : 0;
  const text = (value: number): string => value.toFixed(digits);
  return `${text(median)} ${unit} (${text(min)}–${text(max)})`.replace('  ', ' ');
}

function print(lines: readonly (readonly [string, string])[]): void {
  if (values.json) {
    console.log(JSON.stringify({ machine: describeMachine(), ...Object.fromEntries(lines) }));
    return;
  }
  console.log(
    `| ${count} hosts, ${count} certificates (${kind}), ${values.workers} workers | |\n|---|---|`,
  );
  for (const [name, text] of lines) console.log(`| ${name} | ${text} |`);
  console.log(`\n${describeMachine()}`);
}

const fill = objectsOf();
const log = createLogger({ level: 'error' });
const emptyMiB = residentMiB();
const startedAt = performance.now();
const plane = await startControlPlane(Number(values.workers), fill, log);
try {
  await measure(plane, performance.now() - startedAt, emptyMiB);
} finally {
  await plane.stop();
}
