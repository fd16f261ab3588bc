// Cursors of lists: where the next page begins, as text that callers hand back and need not read.

import { RequestRefused } from './body/request-refused.ts'

export interface PageStart {
  value: string | number
  id: string
}

export function writeCursor({ value, id }: PageStart): string {
  return Buffer.from(JSON.stringify([value, id])).toString('base64url')
}

/** @throws RequestRefused 400 for what `writeCursor` did not write */
export function readCursor(cursor: string | undefined): PageStart | undefined {
  if (cursor === undefined) return undefined
  try {
    const [value, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (isSortValue(value) && typeof id === 'string' && id.isWellFormed()) return { value, id }
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
