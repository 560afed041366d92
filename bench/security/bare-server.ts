// What Node's own TLS server costs, with nothing behind it: it takes mTLS and answers every request at once.
//
//   node bench/security/bare-server.ts PORT CERTIFICATE KEY ROOTS
import { readFileSync } from 'node:fs';
import { createServer } from 'node:tls';
import { parameters } from '../../src/proxy/tls/parameters.ts';

const [port = '0', certificate = '', key = '', roots = ''] = process.argv.slice(2);
const body = 'x'.repeat(100);
const answer = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

createServer(
  { ...parameters({}), cert: readFileSync(certificate), key: readFileSync(key), ca: readFileSync(roots), requestCert: true, rejectUnauthorized: true },
  (socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write(answer));
  },
).listen(Number(port), '127.0.0.1');
