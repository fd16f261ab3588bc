// Cursors of lists: where the next page begins, as text that callers hand back and need not read.

import { open, type SealingKey, seal } from '../governance/protection/seal.ts'
import { RequestRefused } from './body/request-refused.ts'

export interface PageStart {
  value: string | number
  id: string
  /** Of a list that comes in either order: that it goes on towards what is older. Else left out. */
  order?: 'newest'
}

/** Where a page may end at what the caller may not see, its cursor is sealed, and of use in one place alone. */
export interface CursorSeal {
  key: SealingKey
  place: string
}

export function writeCursor({ value, id, order }: PageStart, sealed?: CursorSeal): string {
  const text = Buffer.from(JSON.stringify(order ? [value, id, order] : [value, id]))
  return (sealed ? seal(sealed.key, text, sealed.place) : text).toString('base64url')
}

/** @throws RequestRefused 400 for what `writeCursor` did not write */
export function readCursor(cursor: string | undefined, sealed?: CursorSeal): PageStart | undefined {
  if (cursor === undefined) return undefined
  try {
    const bytes = Buffer.from(cursor, 'base64url')
    const text = sealed ? open(sealed.key, bytes, sealed.place) : bytes
    const [value, id, order] = JSON.parse(text.toString()) as unknown[]
    if (isSortValue(value) && typeof id === 'string' && id.isWellFormed())
      return { value, id, ...(order === 'newest' && { order }) }
  } catch {
    // told below
  }
  throw new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'The cursor is none of ours.',
    fix: 'Send `next` of the page before as it is, or leave the cursor out to begin anew.',
  })
}

function isSortValue(value: unknown): value is string | number {
  return typeof value === 'string' ? value.isWellFormed() : Number.isFinite(value)
}
