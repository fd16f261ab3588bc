// Signs heads of the audit's tree as it grows, and only of a tree that continues the heads before.

import { rootOf } from '../governance/audit/merkle-tree.ts'
import type { Signer } from '../governance/audit/sign.ts'
import { AuditFork, newestHead, readTree, rootAt, writeHead } from '../governance/audit/stored-tree.ts'
import { signTreeHead, verifyTreeHead } from '../governance/audit/tree-head.ts'
import type { Documents } from '../storage/documents/documents.ts'

/** Signs the tree as it is, if it grew. @throws AuditFork where it does not continue what was signed before */
export async function signAuditHead(
  documents: Documents,
  { signer, now }: { signer: Signer; now: () => number },
): Promise<void> {
  // The head first: the tree read after it is at least as long.
  const before = await newestHead(documents)
  const tree = await readTree(documents)
  if (!tree || tree.size === 0) return
  if (before) {
    const { treeSize, rootHash } = verifyTreeHead(before.head, [signer.publicKeyPem])
    if (tree.size < treeSize || !(await rootAt(documents, treeSize)).equals(rootHash))
      throw new AuditFork(
        `the audit tree does not continue its signed head of ${treeSize} entries: it was changed since`,
      )
    if (tree.size === treeSize) return
  }
  const rootHash = rootOf(tree.hashes.map(each => Buffer.from(each, 'hex')))
  if (!rootHash.equals(await rootAt(documents, tree.size)))
    throw new AuditFork('the audit tree’s hashes contradict each other: some were changed')
  const head = { treeSize: tree.size, rootHash, at: new Date(now()).toISOString() }
  const stored = await writeHead(documents, tree.size, signTreeHead(signer, head))
  if (!verifyTreeHead(stored, [signer.publicKeyPem]).rootHash.equals(rootHash))
    throw new AuditFork(`two heads of ${tree.size} entries were signed, for two trees`)
}
