// What src/schema/generated holds for each kind.

/** A CEL rule of a schema. */
export interface Rule {
  /** Follows the path of the value: `has to be …`. */
  text: string;
  /** The field of the value that is wrong or missing. */
  field?: string;
  /** Throws where CEL has an error. */
  holds: (self: unknown) => boolean;
}

/** What is to know of a value beyond its types: `0` for nothing. */
export interface Shape {
  /** The fields of a map, with what is below them. */
  fields?: Readonly<Record<string, Shape | 0>>;
  /** Other fields than these are accepted. */
  open?: true;
  /** For maps from any key. */
  values?: Shape;
  items?: Shape;
  /** Sets of fields of which only one may be given. */
  oneOf?: readonly (readonly string[])[];
  /** No two items of a list are equal in all fields of a set; in the whole value, when the set is empty. */
  unique?: readonly (readonly string[])[];
  rules?: readonly Rule[];
  /** What a cluster fills in for missing fields, before it looks at the rules. */
  defaults?: Readonly<Record<string, unknown>>;
  /** There are defaults here or below. */
  filled?: true;
}

/** A problem as the generated code tells it. */
export interface SchemaError {
  /** JSON pointer. */
  instancePath: string;
  keyword: string;
  params: Readonly<Record<string, unknown>>;
}

export interface Validator {
  (value: unknown, instancePath?: string): boolean;
  errors?: SchemaError[] | null;
}

/** The schema of one kind: its types, compiled, and the rest. */
export interface Structure {
  validate: Validator;
  shape: Shape;
}
