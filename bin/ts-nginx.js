#!/usr/bin/env node
'use strict';

const fs = require('fs');
const path = require('path');
const { fail, launch } = require('./launch.js');

/** The sources where this is a clone; the compiled files where it is an installed package: Node strips no types there. */
function findEntry() {
  const root = path.dirname(__dirname);
  const source = path.join(root, 'src', 'main.ts');
  const compiled = path.join(root, 'dist', 'main.js');
  const isInstalled = root.split(path.sep).indexOf('node_modules') !== -1;
  if (!isInstalled && fs.existsSync(source)) return source;
  if (!fs.existsSync(compiled))
    fail(`ts-nginx is not built: ${compiled} is missing (npm run build)`);
  return compiled;
}

launch(findEntry(), process.argv.slice(2));
