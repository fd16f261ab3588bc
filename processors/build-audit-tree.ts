// Builds the audit's Merkle tree (RFC 6962) from its topic: a leaf for each record, in the order of the log, once per
// entry. Every write is an insert that the first one wins, so that a batch may come again and two builders may overlap:
// both write the same. Where they would not, the tree has forked; that is told, and nothing is overwritten.

import { addLeaf, type Frontier, leafHash } from '../governance/audit/merkle-tree.ts'
import { MAX_ENTRY_BYTES, readEntry } from '../governance/audit/record.ts'
import { AuditFork, type BuiltTree, readTree, writeNodes, writeTree } from '../governance/audit/stored-tree.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { RecordBatch, StoredRecord } from '../storage/event-log/event-log.ts'
import { asAuditBody, type StoredAuditEntry } from '../storage/stored-audit.ts'

export interface AuditTreeDeps {
  documents: Documents
  logger: Logger
  /** How long an entry's text is kept, from its time; its hash stays. */
  auditRetentionMs: number
}

/** A record without its place in the tree. */
type Leaf = Omit<StoredAuditEntry, 'index'>

/** One batch of the audit's topic. @throws AuditFork */
export async function buildAuditTree(deps: AuditTreeDeps, batch: RecordBatch): Promise<void> {
  const { documents, logger } = deps
  const tree = (await readTree(documents)) ?? emptyTree(batch)
  // A zombie's: the topic was made anew since.
  if (tree.former.includes(batch.incarnation)) return
  const from = startIn(tree, batch, logger)
  const fresh = batch.records.filter(({ offset }) => offset >= from)
  const last = fresh.at(-1)
  if (!last) return
  const leaves = await once(
    documents,
    tree.size,
    fresh.map(record => toLeaf(batch, record)),
  )
  const frontier: Frontier = { size: tree.size, hashes: tree.hashes.map(each => Buffer.from(each, 'hex')) }
  const complete = leaves.flatMap(leaf => addLeaf(frontier, Buffer.from(leaf.leafHash, 'hex')))
  // Hashes first: an entry that can be read can be proven.
  await writeNodes(documents, complete)
  await writeEntries(deps, tree.size, leaves)
  await writeTree(documents, {
    size: frontier.size,
    hashes: frontier.hashes.map(each => each.toString('hex')),
    incarnation: batch.incarnation,
    former: batch.incarnation === tree.incarnation ? tree.former : [...tree.former, tree.incarnation],
    nextOffset: last.offset + 1,
    // Grows with the log, whoever cut it into which batches.
    version: tree.version + last.offset + 1 - from,
  })
  const unreadable = leaves.filter(({ note }) => note !== null).length
  if (unreadable > 0) logger.warn({ unreadable }, 'records of the audit’s topic cannot be read as entries')
}

const emptyTree = ({ incarnation }: RecordBatch): BuiltTree => ({
  size: 0,
  hashes: [],
  incarnation,
  former: [],
  nextOffset: 0,
  version: 0,
})

/** The first offset that is not in the tree yet. @throws AuditFork where records between the two are missing */
function startIn(tree: BuiltTree, { incarnation, records }: RecordBatch, logger: Logger): number {
  const first = records[0]?.offset ?? 0
  if (incarnation !== tree.incarnation) {
    logger.error({ treeSize: tree.size }, 'the audit’s topic was made anew: what it held is in the tree, which goes on')
    return first
  }
  if (first > tree.nextOffset && tree.version > 0)
    throw new AuditFork(
      `the audit tree ends before record ${tree.nextOffset}, and the log goes on at ${first}: ` +
        'the documents were set back, or the log lost records. Let the group ecluse.audit read the topic from its beginning',
    )
  return Math.max(first, tree.nextOffset)
}

function toLeaf({ incarnation, partition }: RecordBatch, { offset, timestampMs, value }: StoredRecord): Leaf {
  const shared = { leafHash: leafHash(value).toString('hex'), position: { incarnation, partition, offset } }
  try {
    const { id, at, kind, actor, dataset, person } = readEntry(value)
    const names = { entry: id, at, kind, actor, dataset: dataset ?? null, person: person ?? null }
    return { ...shared, text: value.toString(), bytes: null, note: null, ...names }
  } catch (error) {
    const bytes = value.length <= MAX_ENTRY_BYTES ? value.toString('base64') : null
    const at = new Date(timestampMs).toISOString()
    const nothing = { text: null, entry: null, kind: null, actor: null, dataset: null, person: null }
    return { ...shared, ...nothing, bytes, note: (error as Error).message, at }
  }
}

/** Leaves out copies of an entry that is in the tree already. One that only bears its id is kept, and told. */
async function once(documents: Documents, size: number, leaves: Leaf[]): Promise<Leaf[]> {
  const before = await Promise.all(leaves.map(leaf => firstOf(documents, size, leaf)))
  const seen = new Map<string, string>()
  return leaves.flatMap((leaf, i) => {
    if (leaf.entry === null) return [leaf]
    const first = before[i] ?? seen.get(leaf.entry)
    if (first === undefined) {
      seen.set(leaf.entry, leaf.leafHash)
      return [leaf]
    }
    if (first === leaf.leafHash) return []
    const bytes = Buffer.from(leaf.text!).toString('base64')
    return [{ ...leaf, entry: null, text: null, bytes, note: 'it has the id of another entry' }]
  })
}

/** Leaf hash of the entry of the same id among the first `size`. What stands behind was written by this batch before. */
async function firstOf(documents: Documents, size: number, { entry }: Leaf): Promise<string | undefined> {
  if (entry === null) return undefined
  const [found] = await documents.find('audit', { where: { entry, index: { before: size } }, limit: 1 })
  return (found?.body as unknown as StoredAuditEntry | undefined)?.leafHash
}

async function writeEntries(
  { documents, auditRetentionMs }: AuditTreeDeps,
  size: number,
  leaves: Leaf[],
): Promise<void> {
  const entries = leaves.map((leaf, i): StoredAuditEntry => ({ index: size + i, ...leaf }))
  const stored = await documents.insertFirst(
    'audit',
    entries.map(entry => ({
      id: String(entry.index),
      version: 0,
      expiresAtMs: Date.parse(entry.at) + auditRetentionMs,
      body: asAuditBody(entry),
    })),
  )
  for (const [i, { index, leafHash: expected }] of entries.entries())
    if (stored[i]!.body.leafHash !== expected)
      throw new AuditFork(`the audit tree holds another entry ${index} than the log gives: one of the two was changed`)
}
