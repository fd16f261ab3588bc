// The audit's entries as they rest in the documents: their exact bytes, or the hash alone once their retention ended.

import type { Documents } from '../../storage/documents/documents.ts'
import type { StoredAuditEntry } from '../../storage/stored-audit.ts'
import { exportLine } from './export-lines.ts'
import type { Range } from './merkle-tree.ts'
import { readLeaves } from './stored-tree.ts'

/** Entries read, and sent, at a time. */
const PAGE = 500

/** The record's exact bytes, or its hash where they are gone. */
export type Leaf = { bytes: Buffer } | { leafHash: Buffer }

/** @param range of at most 1,000 entries. @throws AuditFork where the tree is not built so far */
export async function readRecords(documents: Documents, [begin, end]: Range): Promise<Leaf[]> {
  const found = await documents.find('audit', { where: { index: { from: begin, before: end } }, limit: end - begin })
  const records = new Map(
    found.flatMap(({ body }) => {
      const { index, text, bytes } = body as unknown as StoredAuditEntry
      if (text !== null) return [[index, Buffer.from(text)] as const]
      return bytes === null ? [] : [[index, Buffer.from(bytes, 'base64')] as const]
    }),
  )
  const hashes = records.size === end - begin ? [] : await readLeaves(documents, [begin, end])
  return Array.from({ length: end - begin }, (_, i) => {
    const bytes = records.get(begin + i)
    return bytes ? { bytes } : { leafHash: hashes[i]! }
  })
}

/** The first `treeSize` entries as an export holds them behind their head: many lines at a time. */
export async function* exportEntries(documents: Documents, treeSize: number): AsyncGenerator<string> {
  for (let begin = 0; begin < treeSize; begin += PAGE) {
    const leaves = await readRecords(documents, [begin, Math.min(treeSize, begin + PAGE)])
    yield leaves.map((leaf, i) => `${exportLine(begin + i, leaf)}\n`).join('')
  }
}
