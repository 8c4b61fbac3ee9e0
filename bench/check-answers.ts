import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { answerBody } from './upstream.ts';

interface Expectation {
  readonly port: number;
  readonly hosts: readonly string[];
  readonly requestBodyBytes: number;
  readonly responseBodyBytes: number;
}

/** Hosts that are looked at before and after each measurement. */
const SAMPLE = 20;

/** Throws unless status and body of the answers are right. */
export async function checkAnswers({ hosts, ...expected }: Expectation): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  const step = Math.max(1, Math.floor(hosts.length / SAMPLE));
  const wanted = answerBody(expected.responseBodyBytes);
  for (let position = 0; position < hosts.length; position += step) {
    const host = hosts[position] ?? '';
    const { status, body } = await ask(agent, host, expected);
    if (status !== 200 || body !== wanted) {
      throw new Error(`wrong answer for ${host}: ${status}, ${body.length} bytes`);
    }
  }
  agent.destroy();
}

async function ask(
  agent: Agent,
  host: string,
  { port, requestBodyBytes }: Omit<Expectation, 'hosts'>,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const method = requestBodyBytes === 0 ? 'GET' : 'POST';
  const asked = request({ agent, port, host: '127.0.0.1', method, headers: { host } });
  asked.end('x'.repeat(requestBodyBytes));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response) };
}
