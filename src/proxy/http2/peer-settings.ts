import { defaultFrameSize, errorCode, mostWindow, setting } from './frames.ts';

/** What one SETTINGS frame of a peer says; undefined: nothing of it. */
export interface PeerSettings {
  headerTableSize: number | undefined;
  maxConcurrentStreams: number | undefined;
  initialWindow: number | undefined;
}

/** Reads pairs of number (2 bytes) and value (4 bytes). A number is returned for what must not be: the code of the error. */
export function readSettings(bytes: Buffer, from: number, to: number): PeerSettings | number {
  const settings: PeerSettings = { headerTableSize: undefined, maxConcurrentStreams: undefined, initialWindow: undefined };
  for (let at = from; at < to; at += 6) {
    const value = bytes.readUInt32BE(at + 2);
    switch (bytes.readUInt16BE(at)) {
      case setting.headerTableSize:
        settings.headerTableSize = value;
        break;
      case setting.maxConcurrentStreams:
        settings.maxConcurrentStreams = value;
        break;
      case setting.initialWindowSize:
        if (value > mostWindow) return errorCode.flowControlError;
        settings.initialWindow = value;
        break;
      case setting.enablePush:
        if (value > 1) return errorCode.protocolError;
        break;
      // Frames of ours are never larger than every peer takes.
      case setting.maxFrameSize:
        if (value < defaultFrameSize || value > 0xffffff) return errorCode.protocolError;
        break;
      default:
    }
  }
  return settings;
}
