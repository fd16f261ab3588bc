import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addLeaf,
  consistencyRanges,
  EMPTY_ROOT,
  type Frontier,
  inclusionRanges,
  leafHash,
  nodeHash,
  type Range,
  rootOf,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle-tree.ts'

/** Beyond two powers of two. */
const SIZES = 300
/** Sizes whose every proof is checked. */
const EVERY_PROOF = 40

/** The leaves that implementations of RFC 6962 are tested with, and the roots of the first 0 to 8 of them. */
const KNOWN_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
]
const KNOWN_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

const leaves = Array.from({ length: SIZES }, (_, i) => leafHash(Buffer.from(`leaf ${i}`)))

/** MTH, word by word. */
function naiveRoot(list: Buffer[]): Buffer {
  if (list.length === 0) return EMPTY_ROOT
  if (list.length === 1) return list[0]!
  const k = naiveSplit(list.length)
  return nodeHash(naiveRoot(list.slice(0, k)), naiveRoot(list.slice(k)))
}

/** PATH, word by word. */
function naivePath(m: number, list: Buffer[]): Buffer[] {
  if (list.length === 1) return []
  const k = naiveSplit(list.length)
  return m < k
    ? [...naivePath(m, list.slice(0, k)), naiveRoot(list.slice(k))]
    : [...naivePath(m - k, list.slice(k)), naiveRoot(list.slice(0, k))]
}

/** SUBPROOF, word by word. */
function naiveProof(m: number, list: Buffer[], whole = true): Buffer[] {
  if (m === list.length) return whole ? [] : [naiveRoot(list)]
  const k = naiveSplit(list.length)
  return m <= k
    ? [...naiveProof(m, list.slice(0, k), whole), naiveRoot(list.slice(k))]
    : [...naiveProof(m - k, list.slice(k), false), naiveRoot(list.slice(0, k))]
}

const POWERS = Array.from({ length: 12 }, (_, i) => 2 ** i)
const naiveSplit = (n: number): number => POWERS.findLast(power => power < n)!

/** What a store of complete subtrees holds after these leaves. */
function grown(list: Buffer[]) {
  const frontier: Frontier = { size: 0, hashes: [] }
  const stored = new Map<string, Buffer>()
  for (const leaf of list)
    for (const { level, index, hash } of addLeaf(frontier, leaf)) {
      assert.ok(!stored.has(`${level}/${index}`), 'a subtree is complete once')
      stored.set(`${level}/${index}`, hash)
    }
  const rootOfRange = (range: Range) =>
    rootOf(subtreesOf(range).map(({ level, index }) => stored.get(`${level}/${index}`)!))
  return { frontier, rootOfRange }
}

test('the published roots of RFC 6962’s test leaves', () => {
  const known = KNOWN_LEAVES.map(hex => leafHash(Buffer.from(hex, 'hex')))
  for (const [size, root] of KNOWN_ROOTS.entries()) {
    assert.equal(rootOf(grown(known.slice(0, size)).frontier.hashes).toString('hex'), root)
    assert.equal(naiveRoot(known.slice(0, size)).toString('hex'), root)
  }
})

test(`roots and proofs made of stored subtrees are those of the definition, for all sizes up to ${SIZES}`, () => {
  const { rootOfRange } = grown(leaves)
  for (let size = 1; size <= SIZES; size++) {
    const list = leaves.slice(0, size)
    const root = naiveRoot(list)
    assert.deepEqual(rootOfRange([0, size]), root)
    const every = size <= EVERY_PROOF
    for (const index of every ? list.keys() : [0, Math.floor(size / 3), size - 1]) {
      const path = inclusionRanges(index, size).map(rootOfRange)
      assert.deepEqual(path, naivePath(index, list))
      assert.ok(verifyInclusion(leaves[index]!, index, size, path, root))
    }
    for (const from of every ? list.map((_, i) => i + 1) : [1, Math.ceil(size / 3), size]) {
      const proof = consistencyRanges(from, size).map(rootOfRange)
      assert.deepEqual(proof, naiveProof(from, list))
      assert.ok(verifyConsistency(from, size, proof, rootOfRange([0, from]), root))
    }
  }
})

test('a proof for another leaf, place, size, root or with another hash proves nothing', () => {
  const other = leafHash(Buffer.from('another'))
  for (let size = 1; size <= 40; size++) {
    const { rootOfRange } = grown(leaves.slice(0, size))
    const root = rootOfRange([0, size])
    for (let index = 0; index < size; index++) {
      const path = inclusionRanges(index, size).map(rootOfRange)
      const leaf = leaves[index]!
      assert.ok(!verifyInclusion(other, index, size, path, root))
      assert.ok(!verifyInclusion(leaf, index, size, path, other))
      assert.ok(!verifyInclusion(leaf, index, size, [...path, other], root))
      for (let place = 0; place <= size; place++)
        assert.equal(verifyInclusion(leaf, place, size, path, root), place === index)
      for (const i of path.keys()) {
        assert.ok(!verifyInclusion(leaf, index, size, path.with(i, other), root))
        assert.ok(!verifyInclusion(leaf, index, size, path.toSpliced(i, 1), root))
      }
    }
    for (let from = 1; from < size; from++) {
      const proof = consistencyRanges(from, size).map(rootOfRange)
      const fromRoot = rootOfRange([0, from])
      assert.ok(!verifyConsistency(from, size, proof, other, root))
      assert.ok(!verifyConsistency(from, size, proof, fromRoot, other))
      assert.ok(!verifyConsistency(from, size, [...proof, other], fromRoot, root))
      for (const i of proof.keys()) {
        assert.ok(!verifyConsistency(from, size, proof.with(i, other), fromRoot, root))
        assert.ok(!verifyConsistency(from, size, proof.toSpliced(i, 1), fromRoot, root))
      }
    }
  }
})

test('sizes and places that are none prove nothing', () => {
  const [leaf] = leaves as [Buffer]
  for (const size of [-1, 0, 0.5, Number.NaN, 2 ** 60]) {
    assert.ok(!verifyInclusion(leaf, 0, size, [], leaf))
    assert.ok(!verifyInclusion(leaf, size, 1, [], leaf) || size === 0)
    assert.ok(!verifyConsistency(1, size, [], leaf, leaf))
  }
  assert.ok(!verifyConsistency(2, 3, [], leaf, leaf))
  assert.ok(verifyConsistency(0, 3, [], EMPTY_ROOT, leaf))
  assert.ok(!verifyConsistency(0, 3, [], leaf, leaf))
})
