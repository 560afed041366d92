import { getHeader, type Headers, setHeader } from './headers.ts';

/** How a value comes to those that are there; of `append` there is only one header afterwards, and none where there was none. */
export type HeaderAction = 'append' | 'add' | 'add-if-absent' | 'set' | 'set-if-there';

export interface HeaderChange {
  /** Lower case. */
  name: string;
  value: string;
  action: HeaderAction;
}

export function changeHeader(headers: Headers, { name, value, action }: HeaderChange): void {
  switch (action) {
    case 'set':
      setHeader(headers, name, value);
      return;
    case 'set-if-there':
      if (getHeader(headers, name) !== undefined) setHeader(headers, name, value);
      return;
    case 'add-if-absent':
      if (getHeader(headers, name) === undefined) headers.push(name, value);
      return;
    case 'append':
      appendTo(headers, name, value);
      return;
    case 'add':
      headers.push(name, value);
  }
}

/** Behind the first occurrence, with a comma. */
function appendTo(headers: Headers, name: string, value: string): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== name) continue;
    headers[i + 1] = headers[i + 1] === '' ? value : `${headers[i + 1]},${value}`;
    return;
  }
}
