'use strict';

/** `npm start`, from whatever Node npm runs with. */

const path = require('path');
const { launch } = require('./launch.js');

launch(path.join(__dirname, '..', 'examples', 'quickstart', 'start.ts'), process.argv.slice(2));
