import { status } from '@grpc/grpc-js';
import { SigningRefusal } from '../../pki/signing/service.ts';

/** API servers limit what a client asks at a time, and who has proven nothing must not keep the controller's other requests waiting. */
const usualMost = 16;
/** All proxies of a large mesh come back at once after a restart; these come to an answer within seconds. */
const usualMostWaiting = 10_000;

/** Asks about tokens, a few at a time; the same token that is asked about already is not asked about twice. */
export class ReviewQueue<T> {
  private readonly review: (token: string) => Promise<T>;
  private readonly most: number;
  private readonly mostWaiting: number;
  private readonly asked = new Map<string, Promise<T>>();
  private readonly waiting: (() => void)[] = [];
  private running = 0;

  constructor(review: (token: string) => Promise<T>, { most = usualMost, mostWaiting = usualMostWaiting } = {}) {
    this.review = review;
    this.most = most;
    this.mostWaiting = mostWaiting;
  }

  /** @throws SigningRefusal RESOURCE_EXHAUSTED where too many wait; otherwise as the review */
  async of(token: string): Promise<T> {
    const asked = this.asked.get(token);
    if (asked) return asked;
    if (this.waiting.length >= this.mostWaiting) {
      throw new SigningRefusal(status.RESOURCE_EXHAUSTED, 'too many tokens wait to be looked at; try again later');
    }
    const answer = this.next(token).finally(() => this.asked.delete(token));
    this.asked.set(token, answer);
    return answer;
  }

  private async next(token: string): Promise<T> {
    if (this.running >= this.most) await new Promise<void>((turn) => this.waiting.push(turn));
    else this.running++;
    try {
      return await this.review(token);
    } finally {
      const turn = this.waiting.shift();
      if (turn) turn();
      else this.running--;
    }
  }
}
