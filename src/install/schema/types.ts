// What a schema of values is made of.

/** What a text has to be. */
export interface Format {
  /** After "has to be": `a port from 1 to 65535`. */
  name: string;
  holds(text: string): boolean;
}

interface Common {
  /** What the value is for, as a sentence without its full stop. */
  about: string;
  /** It may be absent; others always have a value, from the profile. */
  optional?: true;
}

export interface ObjectSchema extends Common {
  type: 'object';
  fields: Readonly<Record<string, Schema>>;
}

/** A map whose keys the user chooses; a `null` takes a key away that is there by default. */
export interface MapSchema extends Common {
  type: 'map';
  values: Schema;
  key?: Format;
}

export interface ListSchema extends Common {
  type: 'list';
  items: Schema;
  /** Items are merged with those of the profile by this field; other lists are replaced. */
  mergeBy?: string;
}

export interface TextSchema extends Common {
  type: 'text';
  format?: Format;
  oneOf?: readonly string[];
  /** A number stands for its text, as in quantities. */
  numbers?: true;
}

export interface IntegerSchema extends Common {
  type: 'integer';
  min: number;
  max: number;
}

export interface BooleanSchema extends Common {
  type: 'boolean';
  /** A word that is allowed beside true and false. */
  or?: string;
}

/** A part of an API of Kubernetes that its API server checks. */
export interface FreeSchema extends Common {
  type: 'free';
}

/** A message of the mesh's own API, in the form that its YAML has. */
export interface MessageSchema extends Common {
  type: 'message';
  message: string;
}

export type Schema = ObjectSchema | MapSchema | ListSchema | TextSchema | IntegerSchema | BooleanSchema | FreeSchema | MessageSchema;
