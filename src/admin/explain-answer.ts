import type { AdminAnswer } from './answer.ts';
import { jsonAnswer, textAnswer } from './answer.ts';
import type { AdminState } from './admin-state.ts';

/** What would become of a request: `scheme`, `method`, `authority`, `target`, `clientAddress` and `serverName`, as `ts-nginx explain` asks. */
export function explainAnswer(state: AdminState, query: URLSearchParams): AdminAnswer {
  const authority = query.get('authority');
  if (authority === null) {
    return textAnswer(400, 'authority is missing: /explain?authority=shop.example.com&target=/\n');
  }
  const explanation = state.explain({
    scheme: query.get('scheme') === 'https' ? 'https' : 'http',
    method: query.get('method') ?? 'GET',
    authority,
    target: query.get('target') ?? '/',
    clientAddress: query.get('clientAddress') ?? '192.0.2.1',
    serverName: query.get('serverName') ?? undefined,
  });
  return explanation === undefined
    ? textAnswer(503, 'no configuration yet\n')
    : jsonAnswer(200, explanation);
}
