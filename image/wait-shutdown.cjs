#!/usr/local/bin/node
'use strict';

/**
 * `/wait-shutdown`, the `preStop` command of manifests written for ingress-nginx: starts the drain and returns when all
 * exchanges are finished. Finds the process by its command line, since it is not PID 1 in a shared process namespace.
 */
const { readFileSync, readdirSync } = require('node:fs');

const PROGRAMS = ['/usr/local/bin/ts-nginx', '/nginx-ingress-controller'];
const LOOK_EVERY_MS = 50;

function isTsNginx(pid) {
  try {
    const [, ...words] = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
    const program = words.find((word) => !word.startsWith('-')); // what is before it are flags of Node
    return PROGRAMS.includes(program);
  } catch {
    return false; // it ended
  }
}

/** False: it is another user's, or ended. */
function endGently(pid) {
  try {
    return process.kill(pid, 'SIGTERM');
  } catch {
    return false;
  }
}

const ending = readdirSync('/proc')
  .filter((name) => /^\d+$/.test(name))
  .map(Number)
  .filter((pid) => isTsNginx(pid) && endGently(pid));

if (ending.length === 0) {
  process.stderr.write('wait-shutdown: no ts-nginx process of this user runs here\n');
  process.exitCode = 1;
}
const timer = setInterval(() => {
  if (!ending.some(isTsNginx)) clearInterval(timer);
}, LOOK_EVERY_MS);
