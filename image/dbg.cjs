#!/usr/local/bin/node
'use strict';

/** `/dbg`, which kubectl's ingress-nginx plugin and runbooks call: says where to look here instead. */
process.stdout.write(`ts-nginx answers these questions on its admin port (--healthz-port, 10254):

  dbg conf, dbg backends   curl http://127.0.0.1:10254/config     what is served, as YAML, keys redacted
  dbg certs                curl http://127.0.0.1:10254/config     under certificates
  dbg general              curl http://127.0.0.1:10254/readyz?verbose
  what is not honoured     curl http://127.0.0.1:10254/findings   each with its reason and remedy

From outside: kubectl port-forward pod/NAME 10254, then open http://localhost:10254/
ts-nginx --version, ts-nginx --help: the rest.
`);
