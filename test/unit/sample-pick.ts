import type { PickContext } from '../../src/dataplane/balancer/balancer.ts';
import { FieldList } from '../../src/dataplane/fields.ts';

/** A choice for `GET http://shop.example.com:8080/` by 192.0.2.7, the first attempt. */
export function samplePick(changes: Partial<PickContext> = {}): PickContext {
  return {
    tried: undefined,
    nowMs: 0,
    clientAddress: '192.0.2.7',
    scheme: 'http',
    method: 'GET',
    authority: 'shop.example.com:8080',
    host: 'shop.example.com',
    target: '/',
    path: '/',
    query: '',
    fields: new FieldList(),
    session: undefined,
    ...changes,
  };
}
