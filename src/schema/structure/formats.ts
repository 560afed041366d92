// Formats of texts that Kubernetes decodes into something else: a wrong one makes the whole resource undecodable.

export interface Format {
  pattern: RegExp;
  /** `base64 …`, after "has to be". */
  name: string;
}

const base64 = '[A-Za-z0-9+/][\\r\\n]*';

export const formats: Readonly<Record<string, Format>> = {
  byte: {
    pattern: new RegExp(`^[\\r\\n]*(?:(?:${base64}){4})*(?:(?:${base64}){2}=[\\r\\n]*=[\\r\\n]*|(?:${base64}){3}=[\\r\\n]*)?$`),
    name: 'text in base64',
  },
  'date-time': {
    pattern: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:\d{2})$/,
    name: 'a time such as 2024-01-31T12:00:00Z',
  },
  quantity: {
    pattern: /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/,
    name: 'a quantity such as 500m or 1Gi',
  },
};
