import type { Cell } from './cell.ts';

const small: Cell = {
  name: 'small',
  about: 'small answers over 64 kept connections',
  peers: ['nginx', 'ts-nginx', 'http-proxy'],
  ingresses: 100,
  connections: 64,
  requestBodyBytes: 0,
  responseBodyBytes: 128,
  accessLog: false,
};

/** All measurements; the first one is the main figure. */
export const cells: readonly Cell[] = [
  small,
  {
    ...small,
    name: 'small, logged',
    about: 'the same, each with an access line in the default format to a file',
    peers: ['nginx', 'ts-nginx'],
    accessLog: true,
  },
  {
    ...small,
    name: '5,000 Ingresses',
    about: 'the same, 5,000 hosts in turn',
    peers: ['nginx', 'ts-nginx'],
    ingresses: 5_000,
  },
  {
    ...small,
    name: 'answers of 64 KiB',
    about: 'larger answers over 16 kept connections',
    peers: ['nginx', 'ts-nginx'],
    connections: 16,
    responseBodyBytes: 64 * 1024,
  },
  {
    ...small,
    name: 'uploads of 16 KiB',
    about: 'POST with a body over 16 kept connections',
    peers: ['nginx', 'ts-nginx'],
    connections: 16,
    requestBodyBytes: 16 * 1024,
  },
];
