/** Something wrong with the values that a user gave. */
export interface ValueProblem {
  /** `values.yaml:12`, `--set controller.replicas`; empty where it is about all values together. */
  where: string;
  /** The value: `controller.replicas`. */
  path: string;
  /** What is wrong, after the path: `has to be a whole number from 1 to 100, and this is "two"`. */
  text: string;
  /** What to do about it. */
  help?: string;
  /** A setting of the reference without a meaning here: one may go on without it. */
  ignorable?: boolean;
}

/** `values.yaml:12: controller.replicas has to be …; did you mean …?` */
export function problemText({ where, path, text, help }: ValueProblem): string {
  const place = where === '' ? '' : `${where}: `;
  return `${place}${path === '' ? '' : `${path} `}${text}${help === undefined ? '' : `; ${help}`}`;
}
