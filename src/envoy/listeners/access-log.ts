// The access log of the mesh (TEL-R10, TEL-R13, TEL-R14).
import { defaultJsonFormat, defaultTextFormat } from '../../ir/access-log.ts';
import type { Listener } from '../../ir/listener.ts';
import type { MeshSettings } from '../../ir/table.ts';
import { defined, isObject, type JsonObject } from '../json.ts';

/** A line for each request or connection; undefined where the mesh has no access log. */
export function accessLog(mesh: MeshSettings): JsonObject[] | undefined {
  return mesh.accessLogFile === '' ? undefined : [fileLog(mesh)];
}

/** Connections that no filter chain takes. Listeners that get theirs from another one have a chain for everything. */
export function unmatchedLog({ bind }: Listener, mesh: MeshSettings): JsonObject[] | undefined {
  if (mesh.accessLogFile === '' || mesh.noListenerLog || !bind) return undefined;
  return [fileLog(mesh, { response_flag_filter: { flags: ['NR'] } })];
}

function fileLog(mesh: MeshSettings, filter?: JsonObject): JsonObject {
  return defined({
    name: 'envoy.access_loggers.file',
    filter,
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
      path: mesh.accessLogFile,
      log_format:
        mesh.accessLogEncoding === 'json' ? { json_format: jsonFormat(mesh.accessLogFormat) } : { text_format_source: textFormat(mesh.accessLogFormat) },
    },
  });
}

/** Every line ends, also where the format does not. */
function textFormat(written: string): JsonObject {
  if (written === '') return { inline_string: defaultTextFormat };
  return { inline_string: written.endsWith('\n') ? written : `${written}\n` };
}

/** The default one where what is written is no JSON object, as of the embedded engine. */
function jsonFormat(written: string): JsonObject {
  try {
    const format: JsonObject = JSON.parse(written);
    if (isObject(format)) return format;
  } catch {
    // The default format, then.
  }
  return { ...defaultJsonFormat };
}
