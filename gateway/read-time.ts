// Times in queries, as they are searched for.

import { RequestRefused } from './body/request-refused.ts'

/**
 * An RFC 3339 time in UTC, with milliseconds.
 * @throws RequestRefused 400 for a time that JavaScript does not know, such as a leap second
 */
export function readTime(text: string): string {
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time.toISOString()
  throw new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'from or to is no time that can be searched for.',
    fix: 'Send an RFC 3339 time without a leap second, such as 2026-01-31T10:30:00Z.',
  })
}
