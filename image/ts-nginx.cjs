#!/usr/local/bin/node
'use strict';

/**
 * The image's entry point, `ts-nginx` and `/nginx-ingress-controller`. The kernel runs Node for it without a shell in
 * between, which is what lets the capability on that file take effect where privilege escalation is not allowed.
 */
import('/opt/ts-nginx/dist/main.js');
