const keys = /(?<![\w./-])(name|port|protocol|appProtocol|type|clusterIP|externalName):[ \t]*([^\s,}\]#]*)/g;
const http = /^(?:http|http2|grpc)(?:-[a-z0-9-]*)?$/;

/**
 * The port of a Service that certainly has only this one, which certainly is HTTP by its name; undefined where the text does not tell.
 * Keys that stand elsewhere in it are taken for those of its ports: then it does not tell.
 */
export function isPlainHttp(text: string): string | undefined {
  let port: string | undefined;
  const names: string[] = [];
  for (const [, key, value = ''] of text.matchAll(keys)) {
    if (key === 'name') names.push(value);
    else if (key === 'port') {
      if (port !== undefined || !/^\d+$/.test(value)) return undefined;
      port = value;
    } else if (key === 'protocol') {
      if (value !== 'TCP') return undefined;
    } else if (key === 'type') {
      if (value !== 'ClusterIP') return undefined;
    } else if (key === 'clusterIP') {
      if (value === 'None') return undefined;
    } else return undefined;
  }
  // Its own name, and that of the port.
  return names.length === 2 && names.some((name) => http.test(name)) && names.filter((name) => http.test(name)).length === 1 ? port : undefined;
}
