import { once } from 'node:events';
import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { connect as connectTls } from 'node:tls';
import type { Protocol } from './cell.ts';
import { isAnswerAt } from './upstreams/answer-body.ts';

interface Expectation {
  readonly port: number;
  readonly hosts: readonly string[];
  readonly protocol?: Protocol;
  readonly tls?: boolean;
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
}

type Question = Omit<Expectation, 'hosts'>;

interface Answer {
  readonly status: number | undefined;
  /** Undefined: it is not what the upstream sent. */
  readonly bodyBytes: number | undefined;
}

/** Hosts that are looked at before and after each measurement: fewer if answers are large. */
const SAMPLE = 20;
const LARGE_BYTES = 1_000_000;
const LIMIT_MS = 20_000;

/** Throws unless status and body of the answers are right. WebSockets are left to their generator, which checks each. */
export async function checkAnswers({ hosts, ...question }: Expectation): Promise<void> {
  if (question.protocol === 'websocket') return;
  const sample = question.responseBodyBytes > LARGE_BYTES ? 1 : SAMPLE;
  const step = Math.max(1, Math.floor(hosts.length / sample));
  const client = new Client(question);
  try {
    for (let position = 0; position < hosts.length; position += step) {
      const host = hosts[position] ?? '';
      const { status, bodyBytes } = await client.ask(host);
      if (status !== 200 || bodyBytes !== question.responseBodyBytes) {
        throw new Error(
          `wrong answer for ${host}: ${status}, ${bodyBytes ?? 'not the'} bytes of body`,
        );
      }
    }
  } finally {
    client.close();
  }
}

/** Speaks the protocol of the cell. */
class Client {
  readonly #question: Question;
  readonly #agent: PlainAgent;

  constructor(question: Question) {
    this.#question = question;
    const Agent = question.tls === true ? TlsAgent : PlainAgent;
    this.#agent = new Agent({ keepAlive: true });
  }

  ask(host: string): Promise<Answer> {
    const { protocol = 'http1' } = this.#question;
    return protocol === 'http1' ? this.#askHttp1(host) : this.#askHttp2(host);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #askHttp1(host: string): Promise<Answer> {
    const { port, tls, requestBodyBytes } = this.#question;
    const method = requestBodyBytes === 0 ? 'GET' : 'POST';
    const asked = (tls === true ? tlsRequest : plainRequest)({
      ...{ agent: this.#agent, port, host: '127.0.0.1', method, headers: { host } },
      ...{ servername: host, rejectUnauthorized: false, timeout: LIMIT_MS },
    });
    asked.on('timeout', () => asked.destroy(new Error('timed out')));
    asked.end('x'.repeat(requestBodyBytes));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: response.statusCode, bodyBytes: await readBody(response) };
  }

  async #askHttp2(host: string): Promise<Answer> {
    const { port } = this.#question;
    const session = connect(`https://${host}`, {
      createConnection: () =>
        connectTls({
          ...{ port, host: '127.0.0.1', servername: host },
          ...{ ALPNProtocols: ['h2'], rejectUnauthorized: false },
        }),
    });
    session.on('error', () => {
      session.destroy();
    });
    session.setTimeout(LIMIT_MS, () => {
      session.destroy(new Error('timed out'));
    });
    try {
      return await this.#exchange(session);
    } finally {
      session.destroy();
    }
  }

  async #exchange(session: ClientHttp2Session): Promise<Answer> {
    const { protocol, requestBodyBytes } = this.#question;
    const isGrpc = protocol === 'grpc';
    const fields = { 'content-type': 'application/grpc', te: 'trailers' };
    const stream = session.request({ ':method': isGrpc ? 'POST' : 'GET', ...(isGrpc && fields) });
    let grpcStatus: unknown;
    let status: number | undefined;
    stream.on('response', (head) => {
      status = head[':status'];
    });
    stream.on('trailers', (trailers) => {
      grpcStatus = trailers['grpc-status'];
    });
    if (isGrpc) stream.end(grpcMessage(requestBodyBytes));
    else return { bodyBytes: await readBody(stream), status };
    let bodyBytes = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) bodyBytes += chunk.length;
    if (grpcStatus !== '0') throw new Error(`grpc-status: ${String(grpcStatus)}`);
    return { bodyBytes, status };
  }
}

/** Not compressed, all zeros. */
function grpcMessage(bytes: number): Buffer {
  const message = Buffer.alloc(bytes);
  message.writeUInt32BE(bytes - 5, 1);
  return message;
}

async function readBody(body: AsyncIterable<Buffer>): Promise<number | undefined> {
  let bytes = 0;
  let isRight = true;
  for await (const chunk of body) {
    isRight &&= isAnswerAt(bytes, chunk);
    bytes += chunk.length;
  }
  return isRight ? bytes : undefined;
}
