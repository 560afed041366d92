// What analyze is compared with: js-yaml reads every document of a file, and nothing else happens.
const { readFileSync } = require('node:fs');
const { loadAll } = require('js-yaml');

loadAll(readFileSync(process.argv[2], 'utf8'));
