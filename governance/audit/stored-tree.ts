// The audit tree as it rests in the documents: complete subtrees, written once, how far it is built, and its signed heads.
// Every root and proof is made of these, whatever became of the entries.

import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import {
  asAuditBody,
  type StoredAuditHead,
  type StoredAuditNode,
  type StoredAuditTree,
} from '../../storage/stored-audit.ts'
import { consistencyRanges, inclusionRanges, type Range, rootOf, type Subtree, subtreesOf } from './merkle-tree.ts'

const NODES = 'audit_nodes'
const HEADS = 'audit_heads'
const TREE_ID = 'tree'
/** A document store is asked for so many nodes at once. */
const NODES_AT_ONCE = 100

/** The stores contradict each other: what the tree holds was changed, or two of it were built. Nothing is overwritten. */
export class AuditFork extends Error {
  override name = 'AuditFork'
}

/** How far the tree is built; `version` grows with the records handled. */
export interface BuiltTree extends StoredAuditTree {
  version: number
}

/** @param complete each with its hash. @throws AuditFork where another hash stands */
export async function writeNodes(documents: Documents, complete: (Subtree & { hash: Buffer })[]): Promise<void> {
  const nodes = complete.map(({ hash, ...subtree }) => ({ id: nodeId(subtree), hash: hash.toString('hex') }))
  const stored = await documents.insertFirst(
    NODES,
    nodes.map(({ id, hash }) => ({ id, version: 0, expiresAtMs: null, body: { hash } })),
  )
  for (const [i, { id, hash }] of nodes.entries())
    if (stored[i]!.body.hash !== hash)
      throw new AuditFork(`the audit tree holds another hash at ${id} than the log gives: one of the two was changed`)
}

export async function readTree(documents: Documents): Promise<BuiltTree | undefined> {
  const found = await documents.get(NODES, TREE_ID)
  return found && { ...(found.body as unknown as StoredAuditTree), version: found.version }
}

export async function writeTree(documents: Documents, { version, ...tree }: BuiltTree): Promise<void> {
  await documents.upsertNewer(NODES, [{ id: TREE_ID, version, expiresAtMs: null, body: asAuditBody(tree) }])
}

/** @returns what stands under this size: the first that was signed */
export async function writeHead(documents: Documents, treeSize: number, head: string): Promise<string> {
  const document: StoredDocument = { id: String(treeSize), version: 0, expiresAtMs: null, body: { treeSize, head } }
  const [stored] = await documents.insertFirst(HEADS, [document])
  return headOf(stored!)
}

export async function findHead(documents: Documents, treeSize: number): Promise<string | undefined> {
  const found = await documents.get(HEADS, String(treeSize))
  return found && headOf(found)
}

export async function newestHead(documents: Documents): Promise<StoredAuditHead | undefined> {
  const [found] = await documents.find(HEADS, { sort: { by: 'treeSize', order: 'descending' }, limit: 1 })
  return found?.body as unknown as StoredAuditHead | undefined
}

const headOf = ({ body }: StoredDocument) => (body as unknown as StoredAuditHead).head

/** Root of the first `size` leaves. @throws AuditFork where the tree is not built so far */
export async function rootAt(documents: Documents, size: number): Promise<Buffer> {
  return (await rootsOf(documents, [[0, size]]))[0]!
}

/** Hashes of leaves `begin` to `end`. @throws AuditFork where the tree is not built so far */
export async function readLeaves(documents: Documents, [begin, end]: Range): Promise<Buffer[]> {
  return readNodes(
    documents,
    Array.from({ length: end - begin }, (_, i) => ({ level: 0, index: begin + i })),
  )
}

/** @throws AuditFork where the tree is not built so far */
export function proveInclusion(documents: Documents, index: number, size: number): Promise<Buffer[]> {
  return rootsOf(documents, inclusionRanges(index, size))
}

/** @param from 1 to `size`. @throws AuditFork where the tree is not built so far */
export function proveConsistency(documents: Documents, from: number, size: number): Promise<Buffer[]> {
  return rootsOf(documents, consistencyRanges(from, size))
}

async function rootsOf(documents: Documents, ranges: Range[]): Promise<Buffer[]> {
  const roots: Buffer[] = []
  for (const range of ranges) roots.push(rootOf(await readNodes(documents, subtreesOf(range))))
  return roots
}

async function readNodes(documents: Documents, subtrees: Subtree[]): Promise<Buffer[]> {
  const hashes: Buffer[] = []
  for (let i = 0; i < subtrees.length; i += NODES_AT_ONCE) {
    const some = subtrees.slice(i, i + NODES_AT_ONCE).map(async subtree => {
      const found = await documents.get(NODES, nodeId(subtree))
      if (!found) throw new AuditFork(`the audit tree lacks the hash at ${nodeId(subtree)}: it was removed`)
      return Buffer.from((found.body as unknown as StoredAuditNode).hash, 'hex')
    })
    hashes.push(...(await Promise.all(some)))
  }
  return hashes
}

const nodeId = ({ level, index }: Subtree) => `${level}/${index}`
