/** Whether a server is on this machine: nothing is gained by compressing for it, and no proxy leads to it. */
export function isLoopback(server: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(server).hostname);
}
