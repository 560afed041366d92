// Up to which view a proxy has acknowledged everything.

/** What was sent of a view, as far as it was not answered. */
interface Candidate {
  generation: number;
  /** Responses. */
  waiting: Set<object>;
}

/**
 * All of a view has to be with the proxy at once: when nothing is left to be sent, of no type, and all that was sent is taken. What is
 * true of each type at another moment is not enough, as what one view removes may never have been there in the form that the view
 * before gave it.
 */
export class Acknowledgements {
  /** By generation. Each waits for a response that the next one does not wait for, so that they are few. */
  #candidates: Candidate[] = [];
  /** Of the last view of which everything is acknowledged; -1: of none yet. What is refused later does not change it. */
  generation = -1;

  /** All of a view was sent. @param unanswered the last responses of each type, as far as they are not answered */
  sent(generation: number, unanswered: Iterable<object>): void {
    const waiting = new Set(unanswered);
    this.#candidates = this.#candidates.filter((candidate) => !isWithin(candidate.waiting, waiting));
    if (waiting.size > 0) this.#candidates.push({ generation, waiting });
    else this.generation = generation;
  }

  taken(response: object): void {
    for (const { generation, waiting } of this.#candidates)
      if (waiting.delete(response) && waiting.size === 0) this.generation = Math.max(this.generation, generation);
    this.#candidates = this.#candidates.filter(({ waiting }) => waiting.size > 0);
  }

  /** What it was a part of the proxy will never have. */
  refused(response: object): void {
    this.#candidates = this.#candidates.filter(({ waiting }) => !waiting.has(response));
  }
}

function isWithin(some: ReadonlySet<object>, all: ReadonlySet<object>): boolean {
  for (const one of some) if (!all.has(one)) return false;
  return true;
}
