/** Colours of a text output; each function returns its argument unchanged where colour is off. */
export interface Style {
  error: (text: string) => string;
  warning: (text: string) => string;
  info: (text: string) => string;
  strong: (text: string) => string;
  dim: (text: string) => string;
  good: (text: string) => string;
  link: (text: string) => string;
}

const same = (text: string): string => text;

export const plainStyle: Style = { error: same, warning: same, info: same, strong: same, dim: same, good: same, link: same };
