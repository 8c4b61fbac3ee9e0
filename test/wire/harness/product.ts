/** The product as its users start it: a process, manifests, flags. It ends with the test. */
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { Child, type Ended } from '../../process/child.ts';

const root = join(import.meta.dirname, '../../..');

export interface ProductOptions {
  /** Ports of 127.0.0.1 behind the one Service, which all hosts and paths go to. */
  readonly endpoints: readonly number[];
  /** Keys of the ConfigMap. Default: no access log. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Without prefix. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** More manifests, by the names of their files. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface Product {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly adminPort: number;
  /** Resident, of all threads. */
  residentBytes(): Promise<number>;
  openDescriptors(): Promise<number>;
  /** Status of a page of the admin port. */
  adminStatus(path: string): Promise<number>;
  /** The sum of a metric's series, or of those that have this label (`name="value"`). */
  metric(name: string, label?: string): Promise<number>;
  /** Replaces one of the `files`, in one step. */
  write(file: string, text: string): Promise<void>;
  /** What it wrote to standard output: access lines. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  ended(): Promise<Ended>;
}

export async function startProduct(t: TestContext, options: ProductOptions): Promise<Product> {
  const folder = await mkdtemp(join(tmpdir(), 'ts-nginx-wire-'));
  t.after(() => rm(folder, { recursive: true }));
  const write = async (file: string, text: string): Promise<void> => {
    await writeFile(join(folder, `.${file}`), text);
    await rename(join(folder, `.${file}`), join(folder, file));
  };
  await write('all.yaml', manifests(options));
  for (const [file, text] of Object.entries(options.files ?? {})) await write(file, text);
  const ports = ['--http-port=0', '--https-port=0', '--healthz-port=0'];
  const addresses = ['--bind=127.0.0.1', '--healthz-host=127.0.0.1'];
  const source = [`--manifests=${folder}`, '--configmap=wire/settings'];
  const flags = [...source, ...ports, ...addresses, ...(options.flags ?? [])];
  const child = new Child(t, process.execPath, ['bin/ts-nginx.js', 'serve', ...flags], {
    cwd: root,
  });
  const [line] = await child.printed(/^.*"serving".*$/m, 'stderr');
  const { httpPort, httpsPort, adminPort } = JSON.parse(line) as Record<string, number>;
  const { pid = 0 } = child;
  const admin = (path: string) => fetchText(adminPort ?? 0, path);
  return {
    httpPort: httpPort ?? 0,
    httpsPort: httpsPort ?? 0,
    adminPort: adminPort ?? 0,
    residentBytes: () => residentBytes(pid),
    openDescriptors: async () => (await readdir(`/proc/${pid}/fd`)).length,
    adminStatus: async (path) => (await admin(path)).status,
    async metric(name, label = '') {
      const { text } = await admin('/metrics');
      const lines = text.split('\n').filter((line) => /^[^ {]+/.exec(line)?.[0] === name);
      return lines
        .filter((line) => line.includes(label))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    write,
    output: () => child.stdout,
    kill: (signal) => {
      child.kill(signal);
    },
    ended: () => child.ended(),
  };
}

async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

async function fetchText(port: number, path: string): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const request = get({ port, path, host: '127.0.0.1', agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('end', () => {
      resolve({ status: response.statusCode ?? 0, text });
    });
  });
  request.on('error', reject);
  return promise;
}

function manifests({ endpoints, settings, annotations }: ProductOptions): string {
  const slices = endpoints.map((port, index) => slice(`web-${index}`, port));
  const noted = Object.entries(annotations ?? {}).map(
    ([name, value]) => `    nginx.ingress.kubernetes.io/${name}: ${JSON.stringify(value)}`,
  );
  const data = { 'disable-access-log': 'true', ...settings };
  const keys = Object.entries(data).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
  return [
    `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: ts-nginx }
spec: { controller: ts-nginx.io/ingress-controller }`,
    `apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: wire }
data:
${keys.join('\n')}`,
    `apiVersion: v1
kind: Service
metadata: { name: web, namespace: wire }
spec: { ports: [{ name: http, port: 80 }] }`,
    ...slices,
    `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: wire
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: "false"
${noted.join('\n')}
spec:
  ingressClassName: ts-nginx
  rules:
    - http:
        paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }]`,
  ].join('\n---\n');
}

function slice(name: string, port: number): string {
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: wire, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: ${port} }]
endpoints: [{ addresses: [127.0.0.1] }]`;
}
