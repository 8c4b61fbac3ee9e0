import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import type { Echo } from './echo-server.ts';

export interface Target {
  readonly address: string;
  readonly port: number;
  /** The Host field, and over TLS the SNI. */
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  /** Beside Host. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Over TLS, and the certificate must be this CA's and the host's. `insecure`: any certificate will do. */
  readonly tls?: { readonly ca: string } | 'insecure';
  /** None: a connection for this request alone. */
  readonly agent?: http.Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Such as `1.1`. */
  readonly httpVersion: string;
  readonly body: string;
  /** Over TLS: the serial number of the certificate that was shown, in hexadecimal. */
  readonly certificateSerial: string | undefined;
}

/** One request to `address`, whatever `host` would resolve to. Rejects when there is no whole answer within 10 s. */
export function request(target: Target): Promise<Answer> {
  const { address, port, host, path = '/', method = 'GET', body, tls, agent = false } = target;
  const options = {
    host: address,
    port,
    path,
    method,
    agent,
    headers: { ...target.headers, host },
    signal: AbortSignal.timeout(10_000),
  };
  return new Promise((resolve, reject) => {
    const outgoing =
      tls === undefined
        ? http.request(options)
        : https.request({
            ...options,
            servername: host,
            ...(tls === 'insecure' ? { rejectUnauthorized: false } : { ca: tls.ca }),
          });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      toAnswer(response).then(resolve, reject);
    });
    outgoing.end(body);
  });
}

async function toAnswer(response: IncomingMessage): Promise<Answer> {
  const { headers, httpVersion, socket } = response;
  const certificateSerial =
    socket instanceof TLSSocket ? socket.getPeerCertificate().serialNumber : undefined;
  const body = await text(response);
  return { status: response.statusCode ?? 0, headers, httpVersion, body, certificateSerial };
}

/** The answer of a pod. Throws when it is not 200, or not an echo server's. */
export async function requestEcho(target: Target): Promise<Echo> {
  const { status, body } = await request(target);
  if (status !== 200) throw new Error(`status ${status}: ${body.slice(0, 200)}`);
  return JSON.parse(body) as Echo;
}
