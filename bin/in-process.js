'use strict';

/** Apart from the launcher, because a Node that is too old cannot even parse `import()`. */
module.exports = (url) => import(url);
