// The default backend: 404 for everything, 200 for probes.
import { createServer } from 'node:http';
import process from 'node:process';

createServer((request, response) => {
  const isProbe = request.url === '/healthz';
  response.writeHead(isProbe ? 200 : 404, { 'content-type': 'text/plain' });
  response.end(isProbe ? 'ok' : 'default backend - 404');
}).listen(Number(process.env.PORT));
process.on('SIGTERM', () => process.exit(0));
