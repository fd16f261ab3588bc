import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sampleAudit, sampleEntries, sampleSigner } from './audit-fixture.ts'
import { verifyConsistencyProof, verifyInclusionProof } from './proof.ts'
import { openSigner } from './sign.ts'
import { verifyDocument } from './verify-document.ts'

const entries = sampleEntries(21)
const audit = sampleAudit(entries)
const keys = [sampleSigner.publicKeyPem]

function assertEveryBitCounts(text: string): void {
  const bytes = Buffer.from(text)
  assert.ok(verifyDocument(bytes, keys))
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.throws(() => verifyDocument(changed, keys), `bit ${bit} of ${bytes.length * 8}`)
  }
}

test('every entry is proven in every tree that holds it, with its bytes or without', () => {
  for (let treeSize = 1; treeSize <= entries.length; treeSize++)
    for (let index = 0; index < treeSize; index++) {
      const proven = verifyInclusionProof(audit.inclusion(index, { treeSize }), keys)
      assert.deepEqual([proven.index, proven.head.treeSize, proven.entry], [index, treeSize, entries[index]])
      assert.equal(verifyInclusionProof(audit.inclusion(index, { treeSize, kept: false }), keys).entry, null)
    }
})

test('of a proof without the entry’s content it is said that nobody knows it', () => {
  const shows = (kept: boolean) => verifyDocument(Buffer.from(audit.inclusion(3, { kept })), keys).shows
  assert.match(shows(true), /signed at \S+$/)
  assert.match(shows(false), /; its content is not in the proof: expired or withheld$/)
})

test('every tree is proven to be the beginning of every larger one', () => {
  for (let to = 1; to <= entries.length; to++)
    for (let from = 1; from <= to; from++) {
      const proven = verifyConsistencyProof(audit.consistency(from, to), keys)
      assert.deepEqual([proven.from.treeSize, proven.to.treeSize], [from, to])
    }
})

test('a signed head with any single bit changed does not verify', () => assertEveryBitCounts(audit.head()))

test('a proof with any single bit changed does not verify', () => {
  assertEveryBitCounts(audit.inclusion(11))
  assertEveryBitCounts(audit.inclusion(20, { kept: false }))
})

test('a proof of consistency with any single bit changed does not verify', () =>
  assertEveryBitCounts(audit.consistency(13)))

test('a proof is of one entry, one tree and one key', () => {
  const change = (text: string, members: object) => Buffer.from(canonical({ ...JSON.parse(text), ...members }))
  const proof = audit.inclusion(3)
  const others = [
    change(proof, { index: 4 }),
    change(proof, { entry: entries[4]!.toString('base64') }),
    change(proof, { path: [] }),
    change(proof, { head: JSON.parse(audit.head(20)) }),
    change(proof, { more: 1 }),
    change(audit.consistency(13), { from: JSON.parse(audit.head(12)) }),
    change(audit.consistency(13), { proof: 'x' }),
    Buffer.from(sampleAudit(entries, openSigner(Buffer.alloc(32, 8))).inclusion(3)),
    Buffer.from('PK'),
    Buffer.from(''),
    Buffer.from('{}'),
  ]
  assert.ok(verifyDocument(Buffer.from(proof), keys))
  for (const each of others) assert.throws(() => verifyDocument(each, keys), each.toString())
})

test('a signed document says what it is', () => {
  const text = sampleSigner.sign({ type: 'ecluse/erasure-certificate/1', request: 'r' })
  assert.deepEqual(verifyDocument(Buffer.from(text), keys), {
    type: 'ecluse/erasure-certificate/1',
    shows: `signed by key ${sampleSigner.keyId}, unchanged since`,
  })
})

const canonical = (members: Record<string, unknown>) =>
  JSON.stringify(Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1))))
