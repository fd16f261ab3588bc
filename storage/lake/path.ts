// The paths a lake takes: what both a folder and an object store hold, and what never leads out of a folder.

const SEGMENT = /^[A-Za-z0-9=._-]{1,200}$/
const MAX_PATH_LENGTH = 900
const MAX_LIMIT = 1_000

/** @throws TypeError unless the path is relative segments of `[A-Za-z0-9=._-]`, none of them `.` or `..` */
export function checkedPath(path: string): string {
  if (typeof path === 'string' && isPath(path)) return path
  throw new TypeError('a path of the lake is segments of A-Z a-z 0-9 = . _ - joined by /, 900 characters at most')
}

/** Whether the lake can hold a file of this name. */
export function isPath(path: string): boolean {
  return path.length <= MAX_PATH_LENGTH && path.split('/').every(isSegment)
}

/** @throws RangeError unless a page may be that long */
export function checkedLimit(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw new RangeError(`a limit is 1 to ${MAX_LIMIT}`)
  return limit
}

/** @throws RangeError unless it holds at least one byte */
export function checkedRange(range: { start: number; end: number }): { start: number; end: number } {
  const { start, end } = range
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start < end) return range
  throw new RangeError('a range starts at 0 or later, and ends after its start')
}

/** Whether a name may stand between two slashes. */
export function isSegment(name: string): boolean {
  return SEGMENT.test(name) && name !== '.' && name !== '..'
}
