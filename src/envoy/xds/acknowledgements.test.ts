import { expect, it } from 'vitest';
import { Acknowledgements } from './acknowledgements.ts';

const [a, b, c] = [{}, {}, {}];

it('a view of which nothing had to be sent is there at once', () => {
  const acknowledgements = new Acknowledgements();
  expect(acknowledgements.generation).toBe(-1);
  acknowledgements.sent(3, []);
  expect(acknowledgements.generation).toBe(3);
});

it('a view is there when all of it was taken', () => {
  const acknowledgements = new Acknowledgements();
  acknowledgements.sent(1, [a, b]);
  acknowledgements.taken(a);
  expect(acknowledgements.generation).toBe(-1);
  acknowledgements.taken(b);
  expect(acknowledgements.generation).toBe(1);
});

it('a later view that waits for the same is there with it', () => {
  const acknowledgements = new Acknowledgements();
  acknowledgements.sent(1, [a]);
  acknowledgements.sent(2, [a]);
  acknowledgements.taken(a);
  expect(acknowledgements.generation).toBe(2);
});

it('a view is there before what the next one has to send beside it', () => {
  const acknowledgements = new Acknowledgements();
  acknowledgements.sent(1, [a]);
  acknowledgements.sent(2, [b, c]);
  acknowledgements.taken(a);
  expect(acknowledgements.generation).toBe(1);
  acknowledgements.taken(c);
  acknowledgements.taken(b);
  expect(acknowledgements.generation).toBe(2);
});

it('what is refused is no part of a view, whatever is taken later', () => {
  const acknowledgements = new Acknowledgements();
  acknowledgements.sent(1, [a, b]);
  acknowledgements.refused(a);
  acknowledgements.taken(b);
  acknowledgements.taken(a);
  expect(acknowledgements.generation).toBe(-1);
  acknowledgements.sent(2, [c]);
  acknowledgements.taken(c);
  expect(acknowledgements.generation).toBe(2);
});
