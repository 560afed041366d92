// Runs a worker thread of the proxy from the bundle in dist/ (src/proxy/workers/worker-handle.ts starts it).
'use strict';

const { compile, load } = require('./weft.js');

// The chunks that most runs need are in this one file.
compile('weft.js');
load('weft-worker.js');
