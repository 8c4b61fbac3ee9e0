#!/usr/local/bin/node --max-semi-space-size=4
'use strict';

/**
 * The image's entry point, `ts-nginx` and `/nginx-ingress-controller`. The kernel runs Node for it without a shell in
 * between, which is what lets the capability on that file take effect where privilege escalation is not allowed. The flag is
 * that of bin/launch.js.
 */
import('/opt/ts-nginx/dist/main.js');
