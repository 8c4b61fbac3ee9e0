import { once } from 'node:events';
import { request } from 'node:http';
import type { PortOptions } from '../../src/cli/options.ts';

/** What there is to see, on the ports in use. */
export function urlsOf({ http, https }: PortOptions): string[] {
  return [
    `http://shop.localhost:${http}/`,
    `http://shop.localhost:${http}/api/orders`,
    `http://api.localhost:${http}/`,
    `http://blue.preview.localhost:${http}/`,
    `https://secure.localhost:${https}/`,
  ];
}

/** Whether ts-nginx says that it is ready and a request through it is answered. */
export async function isServing({ http, admin, bind, adminHost }: PortOptions): Promise<boolean> {
  return (
    (await statusOf(adminHost ?? bind, admin, '/readyz', 'localhost')) === 200 &&
    (await statusOf(bind, http, '/', 'shop.localhost')) === 200
  );
}

/** Undefined: nobody answers. */
async function statusOf(
  bind: string,
  port: number,
  path: string,
  host: string,
): Promise<number | undefined> {
  const address = bind === '::' || bind === '0.0.0.0' ? '127.0.0.1' : bind;
  const asked = request({ host: address, port, path, headers: { host }, agent: false });
  asked.on('error', () => undefined); // also told to who awaits the response below
  asked.setTimeout(1_000, () => asked.destroy(new Error('no answer')));
  try {
    asked.end();
    const [response] = (await once(asked, 'response')) as [
      NodeJS.ReadableStream & { statusCode: number },
    ];
    response.resume();
    return response.statusCode;
  } catch {
    return undefined;
  }
}

/** What to open and what to type; a test tries each line, and holds README.md to it. */
export function welcomeText(ports: PortOptions, folder: string, isTerminal: boolean): string {
  const [page, path, host, , tls] = urlsOf(ports);
  const { bold, quiet } = isTerminal ? colours : plain;
  return `
  ${bold('ts-nginx is ready.')}

    open   ${bold(page ?? '')}   ${quiet('a page that shows how you came there')}
    try    curl ${path}
           curl ${host}
           curl -k ${tls}
    look   http://localhost:${ports.admin}/   ${quiet('health, metrics, configuration, findings')}

  Edit ${folder}/paths.yaml, save it, ask again. Ctrl-C ends.

`;
}

const colours = {
  bold: (text: string): string => `\u001b[1m${text}\u001b[0m`,
  quiet: (text: string): string => `\u001b[2m${text}\u001b[0m`,
};
const plain = { bold: (text: string): string => text, quiet: (text: string): string => text };
