import type { MessageDefinition } from '../message.ts';

type Listed = Omit<MessageDefinition, 'text'>;

/** What can be wrong with the input itself, before any analyzer runs. Their texts are made where they are found. */
export const inputMessages: Readonly<Record<string, Listed>> = {
  WFT0001: { name: 'Unparsable', level: 'Error', summary: 'a document is not valid YAML, or not a Kubernetes resource' },
  WFT0002: { name: 'DuplicateKey', level: 'Warning', summary: 'a key is set twice in one map, and only the last one counts' },
  WFT0003: { name: 'WrongType', level: 'Error', summary: 'a field has a value of a type that it cannot hold' },
  WFT0005: { name: 'PlainWordBoolean', level: 'Warning', summary: 'an unquoted y, n, yes, no, on or off is a boolean to Kubernetes' },
  WFT0007: { name: 'DefinedTwice', level: 'Warning', summary: 'two documents define the same resource, and only the last one counts' },
  WFT0008: { name: 'MeshConfigUnusable', level: 'Warning', summary: 'a mesh configuration could not be read' },
  WFT0009: { name: 'UnusedSuppression', level: 'Warning', summary: 'a comment suppresses a message that nothing reports' },
};
