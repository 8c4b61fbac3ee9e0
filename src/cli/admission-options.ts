import { isIP } from 'node:net';
import type { FailurePolicy } from '../admission/webhook-configuration.ts';
import { UsageError } from './parse-flags.ts';

/** The admission webhook. Source: cli.md §1.6. */
export interface AdmissionOptions {
  /** Undefined: as the proxy's ports. */
  readonly host: string | undefined;
  readonly port: number;
  readonly certificate: AdmissionCertificateOptions;
}

export type AdmissionCertificateOptions =
  | { readonly kind: 'files'; readonly certificate: string; readonly key: string }
  | {
      readonly kind: 'kept';
      /** `<namespace>/<name>`; undefined: `ts-nginx-admission` in our own namespace. */
      readonly secret: string | undefined;
      /** Undefined: as the Secret. */
      readonly configuration: string | undefined;
      /** Undefined: as it is. */
      readonly failurePolicy: FailurePolicy | undefined;
    };

/** What of the flags is read here, by their types. */
interface Flags {
  text(name: string): string | undefined;
  objectKey(name: string): string | undefined;
}

export interface AdmissionSurroundings {
  /** The flag that has each port. */
  readonly used: ReadonlyMap<number, string>;
  readonly hasCluster: boolean;
}

/** Undefined: there is no webhook. Throws a `UsageError` that names the flag and the remedy. */
export function parseAdmissionOptions(
  flags: Flags,
  { used, hasCluster }: AdmissionSurroundings,
): AdmissionOptions | undefined {
  const address = flags.text('validating-webhook');
  const certificate = parseCertificate(flags);
  if (address === undefined) return undefined;
  const { host, port } = parseAddress(address);
  const other = used.get(port);
  if (port !== 0 && other !== undefined) {
    throw new UsageError(
      `--validating-webhook and --${other} are both ${port}: give each its own port`,
    );
  }
  if (certificate.kind === 'kept' && !hasCluster) {
    throw new UsageError(
      '--validating-webhook with --manifests needs --validating-webhook-certificate and --validating-webhook-key: there is no cluster to keep a certificate in',
    );
  }
  return { host, port, certificate };
}

/** `:8443`, `10.0.0.7:8443`, `[::1]:8443`. */
function parseAddress(text: string): { readonly host: string | undefined; readonly port: number } {
  const [, host = '', digits = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const port = Number(digits);
  const isAddress = host === '' || (isIP(bare) !== 0 && (isIP(bare) === 4) === (bare === host));
  if (digits === '' || port > 65_535 || !isAddress) {
    throw new UsageError(
      `--validating-webhook is an address such as :8443, not ${JSON.stringify(text)}`,
    );
  }
  return { host: bare === '' ? undefined : bare, port };
}

function parseCertificate(flags: Flags): AdmissionCertificateOptions {
  const certificate = flags.text('validating-webhook-certificate');
  const key = flags.text('validating-webhook-key');
  if ((certificate === undefined) !== (key === undefined)) {
    throw new UsageError(
      '--validating-webhook-certificate and --validating-webhook-key are given together, or neither',
    );
  }
  if (certificate !== undefined && key !== undefined) return { kind: 'files', certificate, key };
  return {
    kind: 'kept',
    secret: flags.objectKey('validating-webhook-secret'),
    configuration: flags.text('validating-webhook-configuration'),
    failurePolicy: parseFailurePolicy(flags.text('validating-webhook-failure-policy')),
  };
}

function parseFailurePolicy(text: string | undefined): FailurePolicy | undefined {
  if (text === undefined || text === 'Fail' || text === 'Ignore') return text;
  throw new UsageError(
    `--validating-webhook-failure-policy is Fail or Ignore, not ${JSON.stringify(text)}`,
  );
}
