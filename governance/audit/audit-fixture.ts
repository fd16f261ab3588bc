// An audit of a few entries with its tree, for tests: all of it in memory.

import { canonicalText } from './exact-text.ts'
import { exportLine } from './export-lines.ts'
import {
  addLeaf,
  consistencyRanges,
  type Frontier,
  inclusionRanges,
  leafHash,
  type Range,
  rootOf,
  subtreesOf,
} from './merkle-tree.ts'
import { writeConsistency, writeInclusion } from './proof.ts'
import { openSigner, type Signer } from './sign.ts'
import { signTreeHead } from './tree-head.ts'

export const sampleSigner = openSigner(Buffer.alloc(32, 7))

/** Exact bytes of so many entries. */
export function sampleEntries(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    Buffer.from(canonicalText({ id: `entry ${i}`, kind: 'approval', actor: 'é', details: { number: i / 4 } })),
  )
}

export function sampleAudit(entries: Buffer[], signer: Signer = sampleSigner) {
  const frontier: Frontier = { size: 0, hashes: [] }
  const nodes = new Map<string, Buffer>()
  for (const entry of entries)
    for (const { level, index, hash } of addLeaf(frontier, leafHash(entry))) nodes.set(`${level}/${index}`, hash)
  const rootOfRange = (range: Range) =>
    rootOf(subtreesOf(range).map(({ level, index }) => nodes.get(`${level}/${index}`)!))
  const head = (treeSize = entries.length) =>
    signTreeHead(signer, { treeSize, rootHash: rootOfRange([0, treeSize]), at: '2026-11-21T12:00:00.000Z' })

  return {
    head,
    inclusion: (index: number, { kept = true, treeSize = entries.length } = {}) =>
      writeInclusion({
        index,
        leafHash: leafHash(entries[index]!),
        entry: kept ? entries[index]! : null,
        path: inclusionRanges(index, treeSize).map(rootOfRange),
        head: head(treeSize),
      }),
    consistency: (from: number, to = entries.length) =>
      writeConsistency({ from: head(from), to: head(to), proof: consistencyRanges(from, to).map(rootOfRange) }),
    /** @param expired the first so many entries are left as hashes, or those of which this is true */
    exported: (expired: number | ((index: number) => boolean) = 0) => {
      const isHash = (i: number) => (typeof expired === 'number' ? i < expired : expired(i))
      const lines = entries.map((bytes, i) => exportLine(i, isHash(i) ? { leafHash: leafHash(bytes) } : { bytes }))
      return Buffer.from([head(), ...lines].map(line => `${line}\n`).join(''))
    },
  }
}
