// The compiled schemas are JavaScript: Node reads them as they are, and esbuild puts each in a chunk of its own.
declare module '*.gen.mjs' {
  const structures: Readonly<Record<string, import('../structure/shape.ts').Structure>>;
  export default structures;
}
