// Whom a token is for (JWT-R5).

/** `https://shop.example/` and `shop.example` are one audience. */
export function plainAudience(audience: string): string {
  const name = audience.replace(/^https?:\/\//, '');
  return name.endsWith('/') ? name.slice(0, -1) : name;
}

/** Those that a rule allows; none: all. */
export class AudienceCheck {
  private readonly allowed: ReadonlySet<string>;

  constructor(audiences: readonly string[]) {
    this.allowed = new Set(audiences.map(plainAudience));
  }

  allows(audiences: readonly string[]): boolean {
    return this.allowed.size === 0 || audiences.some((audience) => this.allowed.has(plainAudience(audience)));
  }
}
