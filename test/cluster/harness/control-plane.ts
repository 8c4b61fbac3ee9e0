import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Api } from './api.ts';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import { kubeconfigText } from './kubeconfig.ts';

const ADMIN_TOKEN = 'admintoken';
const ETCD = 'http://127.0.0.1:2379';
export const API_SERVER_PORT = 6443;

/** Who the audit log is kept for: everything that a ServiceAccount asked, but not what the cluster's own parts did. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
};

const CONTROLLERS = [
  'deployment-controller',
  'daemonset-controller',
  'replicaset-controller',
  'endpointslice-controller',
  'endpoints-controller',
  'endpointslice-mirroring-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'garbage-collector-controller',
  'root-ca-certificate-publisher-controller',
];

/** A real etcd, kube-apiserver and kube-controller-manager. Ports are the usual ones: it has a network namespace to itself. */
export class ControlPlane {
  readonly kubeconfig: string;
  readonly auditLog: string;
  /** The API server's certificate, for clients that verify it. */
  readonly certificateFile: string;
  readonly #binary: string;
  readonly #folder: string;
  readonly #children = new Map<string, Child>();

  private constructor(binary: string, folder: string) {
    this.#binary = binary;
    this.#folder = folder;
    this.kubeconfig = join(folder, 'admin.kubeconfig');
    this.auditLog = join(folder, 'audit.log');
    this.certificateFile = join(folder, 'apiserver', 'apiserver.crt');
  }

  /** Resolves when the API server is ready and the controllers run. */
  static async start(binary: string, folder: string): Promise<ControlPlane> {
    const plane = new ControlPlane(binary, folder);
    await plane.#writeFiles();
    try {
      plane.#startEtcd();
      plane.#startApiServer();
      await plane.waitUntilReady();
      plane.#startControllerManager();
      return plane;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  get apiServer(): Child {
    return this.#child('kube-apiserver');
  }

  async restartApiServer(): Promise<void> {
    await this.apiServer.kill();
    this.#startApiServer();
    await this.waitUntilReady();
  }

  /** Runs `change`, then makes etcd and the API server have the state of before: a backup is restored. */
  async undo(change: () => Promise<void>): Promise<void> {
    const [data, backup] = [this.#path('etcd'), this.#path('etcd-backup')];
    await this.#child('etcd').stop();
    await cp(data, backup, { recursive: true });
    this.#startEtcd();
    await this.restartApiServer();
    await change();
    await this.apiServer.kill();
    await this.#child('etcd').kill();
    await rm(data, { recursive: true });
    await rename(backup, data);
    this.#startEtcd();
    await this.restartApiServer();
  }

  async waitUntilReady(): Promise<void> {
    await eventually(
      'the API server is ready',
      async () => {
        for (const child of this.#children.values()) child.assertRunning();
        const api = await Api.fromKubeconfig(this.kubeconfig); // again each time: its certificate appears late
        await api.text('/readyz');
      },
      { withinMs: 60_000, everyMs: 50 },
    );
  }

  async stop(): Promise<void> {
    for (const child of [...this.#children.values()].reverse()) await child.stop();
  }

  async #writeFiles(): Promise<void> {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    const files = {
      'sa.pub': publicKey,
      'sa.key': privateKey,
      'tokens.csv': `${ADMIN_TOKEN},admin,1,system:masters\n`,
      'audit-policy.yaml': JSON.stringify(AUDIT_POLICY),
      'admin.kubeconfig': kubeconfigText({
        server: `https://127.0.0.1:${API_SERVER_PORT}`,
        certificateFile: this.certificateFile,
        token: ADMIN_TOKEN,
      }),
    };
    await mkdir(join(this.#folder, 'apiserver'));
    for (const [name, content] of Object.entries(files)) await writeFile(this.#path(name), content);
  }

  #startEtcd(): void {
    this.#start('etcd', {
      'data-dir': this.#path('etcd'),
      // As kubeadm has it. Without, watches of what nobody writes get no bookmarks.
      'watch-progress-notify-interval': '5s',
      'listen-client-urls': ETCD,
      'advertise-client-urls': ETCD,
      'listen-peer-urls': 'http://127.0.0.1:2380',
      'unsafe-no-fsync': 'true',
      'log-level': 'error',
    });
  }

  #startApiServer(): void {
    this.#start('kube-apiserver', {
      'etcd-servers': ETCD,
      'secure-port': String(API_SERVER_PORT),
      'bind-address': '127.0.0.1',
      'advertise-address': '10.244.0.1',
      'cert-dir': this.#path('apiserver'),
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': this.#path('sa.pub'),
      'service-account-signing-key-file': this.#path('sa.key'),
      'token-auth-file': this.#path('tokens.csv'),
      'authorization-mode': 'RBAC,Node',
      'service-cluster-ip-range': '10.96.0.0/16',
      'allow-privileged': 'true',
      // No kubelet mounts tokens, no node controller lifts taints: without these two, pods can exist.
      'disable-admission-plugins': 'ServiceAccount,TaintNodesByCondition',
      'endpoint-reconciler-type': 'none',
      'audit-policy-file': this.#path('audit-policy.yaml'),
      'audit-log-path': this.auditLog,
    });
  }

  #startControllerManager(): void {
    this.#start('kube-controller-manager', {
      kubeconfig: this.kubeconfig,
      'leader-elect': 'false',
      'service-account-private-key-file': this.#path('sa.key'),
      'root-ca-file': this.certificateFile,
      controllers: CONTROLLERS.join(','),
    });
  }

  #start(program: string, flags: Readonly<Record<string, string>>): void {
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    const logFile = this.#path(`${program}.log`);
    this.#children.set(
      program,
      new Child({ name: program, command: [this.#binary, program, ...args], logFile }),
    );
  }

  #child(program: string): Child {
    const child = this.#children.get(program);
    if (child === undefined) throw new Error(`${program} was never started`);
    return child;
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}
