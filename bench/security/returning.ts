// A client that comes back: connections one after another, each going on with the session of the one before, with one request each.
//
//   node bench/security/returning.ts PORT HOST CERTIFICATE KEY SECONDS
//
// The last line is how many there were.
import { readFileSync } from 'node:fs';
import { connect, createSecureContext } from 'node:tls';

const [port = '0', host = '', certificate = '', key = '', seconds = '1'] = process.argv.slice(2);
const secureContext = createSecureContext({ cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.3' });
const until = performance.now() + Number(seconds) * 1000;
let session: Buffer | undefined;
let count = 0;
let resumed = 0;

function visit(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      servername: host,
      secureContext,
      rejectUnauthorized: false,
      ...(session ? { session } : {}),
    });
    socket.on('session', (next) => {
      session = next;
    });
    socket.on('secureConnect', () => {
      if (socket.isSessionReused()) resumed++;
      socket.write(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    });
    socket.on('data', (chunk: Buffer) => {
      if (!chunk.toString('latin1').startsWith('HTTP/1.1 200')) reject(new Error(`answered with ${chunk}`));
      socket.destroy();
    });
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
}

while (performance.now() < until) {
  await visit();
  count++;
}
if (resumed < count / 2) throw new Error(`only ${resumed} of ${count} sessions went on`);
console.log(count);
