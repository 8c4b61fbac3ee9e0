/**
 * A gRPC client and server of `@grpc/grpc-js`, with messages that are bytes as they are. The service has one method of each kind:
 * `Echo` answers with what it got, `Collect` with all it got at once, `Spread` with each octet of it, `Chat` with each message.
 */
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ChannelCredentials,
  type ClientOptions,
  type MethodDefinition,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { TestContext } from 'node:test';
import type { Certificate, Endpoint } from '../../src/model/config.ts';

const asIs = (bytes: Buffer): Buffer => bytes;
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Service/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

export const METHODS = {
  Echo: method('Echo', false, false),
  Collect: method('Collect', true, false),
  Spread: method('Spread', false, true),
  Chat: method('Chat', true, true),
} as const satisfies ServiceDefinition;

/** Over TLS with a certificate. */
export async function startGrpcServer(
  t: TestContext,
  implementation: UntypedServiceImplementation,
  certificate?: Certificate,
): Promise<Endpoint> {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.max_concurrent_streams': 100,
  });
  server.addService(METHODS, implementation);
  t.after(() => {
    server.forceShutdown();
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync('127.0.0.1:0', serverCredentials(certificate), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  return { address: '127.0.0.1', port: await promise };
}

function serverCredentials(certificate: Certificate | undefined): ServerCredentials {
  if (certificate === undefined) return ServerCredentials.createInsecure();
  const { chain, key } = certificate;
  const pair = { cert_chain: Buffer.from(chain), private_key: Buffer.from(key.reveal()) };
  return ServerCredentials.createSsl(null, [pair]);
}

/** As `app.test`; over TLS with that certificate as the only authority. */
export function connectGrpc(
  t: TestContext,
  port: number,
  certificate?: Certificate,
  options: ClientOptions = {},
): Client {
  const client = new Client(`127.0.0.1:${port}`, clientCredentials(certificate), {
    'grpc.default_authority': 'app.test',
    'grpc.ssl_target_name_override': 'app.test',
    'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  });
  t.after(() => {
    client.close();
  });
  return client;
}

function clientCredentials(certificate: Certificate | undefined): ChannelCredentials {
  if (certificate === undefined) return credentials.createInsecure();
  return credentials.createSsl(Buffer.from(certificate.chain));
}
