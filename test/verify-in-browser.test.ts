// What the audit page says of a proof must be what `ecluse verify` says: the browser's own verification, against proofs
// that the gateway's side writes, and against those that somebody changed.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { addLeaf, type Frontier, inclusionRanges, leafHash, rootOf } from '../governance/audit/merkle-tree.ts'
import { verifyInclusionProof, writeInclusion } from '../governance/audit/proof.ts'
import { openSigner } from '../governance/audit/sign.ts'
import { signTreeHead } from '../governance/audit/tree-head.ts'

interface Checks {
  check: 'entry' | 'content' | 'tree' | 'signature'
  good: boolean
}
type Verify = (text: string, keys: { keyId: string; publicKeyPem: string }[], leaf: string) => Promise<Checks[]>

const { verifyProof } = (await import(new URL('../dashboard/kit/verify.js', import.meta.url).href)) as {
  verifyProof: Verify
}

const signer = openSigner(randomBytes(32))
const entries = Array.from({ length: 13 }, (_, i) => Buffer.from(JSON.stringify({ entry: i, text: 'é "quoted"' })))

function rootOfRange(begin: number, end: number): Buffer {
  const frontier: Frontier = { size: 0, hashes: [] }
  for (const bytes of entries.slice(begin, end)) addLeaf(frontier, leafHash(bytes))
  return rootOf(frontier.hashes)
}

function proofOf(index: number, treeSize: number, by = signer) {
  const head = signTreeHead(by, { treeSize, rootHash: rootOfRange(0, treeSize), at: '2026-11-21T00:00:00.000Z' })
  const path = inclusionRanges(index, treeSize).map(([begin, end]) => rootOfRange(begin, end))
  const entry = entries[index]!
  return writeInclusion({ index, leafHash: leafHash(entry), entry, path, head })
}

const leafOf = (index: number) => leafHash(entries[index]!).toString('hex')
const bad = (checks: Checks[]) => checks.filter(({ good }) => !good).map(({ check }) => check)

test('every entry of every tree is proven, as on the command line', async () => {
  for (let treeSize = 1; treeSize <= entries.length; treeSize++)
    for (let index = 0; index < treeSize; index++) {
      const text = proofOf(index, treeSize)
      verifyInclusionProof(text, [signer.publicKeyPem])
      assert.deepEqual(bad(await verifyProof(text, [signer], leafOf(index))), [], `${index} of ${treeSize}`)
    }
})

interface Proof {
  index: number
  entry: string
  path: string[]
  head: { payload: { treeSize: number; rootHash: string } }
}

test('an entry whose content is not there is not proven to be what is shown', async () => {
  const { entry, ...without } = JSON.parse(proofOf(5, 13)) as Proof
  assert.deepEqual(bad(await verifyProof(JSON.stringify(without), [signer], leafOf(5))), ['content'])
  assert.deepEqual(bad(await verifyProof(JSON.stringify(without), [signer], leafOf(6))), ['entry'])
})

test('another entry, place, root or signature is not', async () => {
  const text = proofOf(5, 13)
  const changed = async (change: (proof: Proof) => void) => {
    const proof = JSON.parse(text) as Proof
    change(proof)
    return bad(await verifyProof(JSON.stringify(proof), [signer], leafOf(5)))
  }
  assert.deepEqual(bad(await verifyProof(text, [signer], leafOf(6))), ['entry'])
  const otherEntry = entries[6]!.toString('base64')
  assert.deepEqual(await changed(proof => Object.assign(proof, { entry: otherEntry })), ['entry'])
  assert.deepEqual(await changed(proof => Object.assign(proof, { index: 4 })), ['tree'])
  assert.deepEqual(await changed(({ path }) => path.reverse()), ['tree'])
  const otherRoot = leafOf(6)
  assert.deepEqual(await changed(({ head }) => Object.assign(head.payload, { rootHash: otherRoot })), [
    'tree',
    'signature',
  ])
  assert.deepEqual(await changed(({ head }) => Object.assign(head.payload, { treeSize: 5 })), ['tree', 'signature'])
  const forged = proofOf(5, 13, openSigner(randomBytes(32)))
  assert.deepEqual(bad(await verifyProof(forged, [signer], leafOf(5))), ['signature'])
})
