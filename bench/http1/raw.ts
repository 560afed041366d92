// The least that a proxy on node's sockets can do: bytes from one to the other, and just enough of HTTP to know when a response is over.
//
//   node bench/http1/raw.ts UPSTREAM_PORT PORT
import { connect, createServer, type Socket } from 'node:net';

interface Upstream {
  socket: Socket;
  downstream: Socket | undefined;
  /** Bytes of the response that are still to come; -1: its head is. */
  left: number;
}

const [upstreamPort, port] = process.argv.slice(2).map(Number) as [number, number];
const idle: Upstream[] = [];

function open(): Upstream {
  const socket = connect({ host: '127.0.0.1', port: upstreamPort, noDelay: true });
  const upstream: Upstream = { socket, downstream: undefined, left: -1 };
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    const text = chunk.toString('latin1');
    if (upstream.left < 0) {
      const length = text.indexOf('Content-Length: ') + 16;
      upstream.left = text.indexOf('\r\n\r\n') + 4 + Number.parseInt(text.slice(length, length + 10), 10);
    }
    upstream.left -= chunk.length;
    const { downstream } = upstream;
    if (upstream.left === 0) {
      upstream.left = -1;
      idle.push(upstream);
    }
    downstream?.write(text, 'latin1');
  });
  return upstream;
}

createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    const upstream = idle.pop() ?? open();
    upstream.downstream = socket;
    upstream.socket.write(chunk.toString('latin1'), 'latin1');
  });
}).listen(port, '127.0.0.1', 1024);
