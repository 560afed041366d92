interface Parts {
  major: number;
  minor: number;
  patch: number;
  /** Empty for a release. */
  prerelease: string;
}

/** Of `1.2.3`, `1.2`, `v1.2.3-rc.1`; undefined for anything else. */
export function parseVersion(text: string): Parts | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?$/.exec(text.trim());
  if (!match) return undefined;
  const [, major, minor, patch = '0', prerelease = ''] = match;
  return { major: Number(major), minor: Number(minor), patch: Number(patch), prerelease };
}

/** Below zero where `a` is the older one. A prerelease is older than its release; two of one release are told apart by their text. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)];
  if (!left || !right) return 0;
  const numbers = left.major - right.major || left.minor - right.minor || left.patch - right.patch;
  if (numbers !== 0) return numbers;
  if (left.prerelease === right.prerelease) return 0;
  if (left.prerelease === '') return 1;
  if (right.prerelease === '') return -1;
  return left.prerelease.localeCompare(right.prerelease, 'en', { numeric: true });
}

/** What stands against going from one version to another in place. */
export type VersionStep = 'same' | 'newer' | 'older' | 'skips';

/**
 * One minor at a time, also before 1.0, and to the first minor of the next major: the controller of one version reads what the version
 * before it wrote, and no older one.
 */
export function versionStep(from: string, to: string): VersionStep {
  const [before, after] = [parseVersion(from), parseVersion(to)];
  if (!before || !after) return from === to ? 'same' : 'newer';
  const order = compareVersions(from, to);
  if (order === 0) return 'same';
  if (order > 0) return 'older';
  if (after.major === before.major) return after.minor - before.minor > 1 ? 'skips' : 'newer';
  return after.major === before.major + 1 && after.minor === 0 ? 'newer' : 'skips';
}
