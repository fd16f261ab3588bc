// The Merkle tree of RFC 6962 (§2.1; the algorithms of verification as RFC 9162 writes them down): hashes and the shape
// of proofs alone. Whoever stores a tree keeps the hashes of its complete subtrees; every root and proof is made of them.

import { hash } from 'node:crypto'

const LEAF = Buffer.of(0)
const NODE = Buffer.of(1)

/** Root of a tree without leaves. */
export const EMPTY_ROOT: Buffer = hash('sha256', '', 'buffer')

/** 2^level leaves, the first of them leaf `index` × 2^level. */
export interface Subtree {
  level: number
  index: number
}

/** Leaves from `begin` up to, without, `end`. */
export type Range = [begin: number, end: number]

/** A tree as its right edge: the hashes of the complete subtrees it is made of, largest first. */
export interface Frontier {
  size: number
  hashes: Buffer[]
}

export function leafHash(bytes: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([LEAF, bytes]), 'buffer')
}

export function nodeHash(left: Buffer, right: Buffer): Buffer {
  return hash('sha256', Buffer.concat([NODE, left, right]), 'buffer')
}

/** Appends a leaf. @returns the subtrees that are complete with it: the leaf itself first */
export function addLeaf(frontier: Frontier, leaf: Buffer): (Subtree & { hash: Buffer })[] {
  let node = { level: 0, index: frontier.size, hash: leaf }
  const complete = [node]
  while (node.index % 2 === 1) {
    node = { level: node.level + 1, index: (node.index - 1) / 2, hash: nodeHash(frontier.hashes.pop()!, node.hash) }
    complete.push(node)
  }
  frontier.hashes.push(node.hash)
  frontier.size++
  return complete
}

/** Root of the leaves that these complete subtrees hold, left to right as `subtreesOf` names them. */
export function rootOf(hashes: Buffer[]): Buffer {
  return hashes.length === 0 ? EMPTY_ROOT : hashes.reduceRight((right, left) => nodeHash(left, right))
}

/** The complete subtrees that a range is made of, left to right. Only ranges of whole trees and of proofs are. */
export function subtreesOf([begin, end]: Range): Subtree[] {
  const subtrees: Subtree[] = []
  let at = begin
  while (at < end) {
    let level = 0
    while (2 ** (level + 1) <= end - at) level++
    subtrees.push({ level, index: at / 2 ** level })
    at += 2 ** level
  }
  return subtrees
}

/** PATH (§2.1.1): the ranges whose roots prove that leaf `index` stands in the tree of `size` leaves. */
export function inclusionRanges(index: number, size: number): Range[] {
  const ranges: Range[] = []
  let [begin, end] = [0, size]
  while (end - begin > 1) {
    const middle = begin + split(end - begin)
    if (index < middle) {
      ranges.push([middle, end])
      end = middle
    } else {
      ranges.push([begin, middle])
      begin = middle
    }
  }
  return ranges.reverse()
}

/** PROOF (§2.1.2): the ranges whose roots prove that the tree of `from` leaves (1 to `size`) is the other's beginning. */
export function consistencyRanges(from: number, size: number): Range[] {
  const ranges: Range[] = []
  let [begin, end] = [0, size]
  while (end !== from) {
    const middle = begin + split(end - begin)
    if (from <= middle) {
      ranges.push([middle, end])
      end = middle
    } else {
      ranges.push([begin, middle])
      begin = middle
    }
  }
  // The older tree as a whole is known to who checks.
  if (begin > 0) ranges.push([begin, end])
  return ranges.reverse()
}

/** Whether the path leads from leaf `index` to the root of a tree of `size` leaves (RFC 9162 §2.1.3.2). */
export function verifyInclusion(leaf: Buffer, index: number, size: number, path: Buffer[], root: Buffer): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false
  let [node, last, found] = [index, size - 1, leaf]
  for (const sibling of path) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      found = nodeHash(sibling, found)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      found = nodeHash(found, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && found.equals(root)
}

/** Whether the tree of `from` leaves and this root is the beginning of the other (RFC 9162 §2.1.4.2). */
export function verifyConsistency(
  from: number,
  size: number,
  proof: Buffer[],
  fromRoot: Buffer,
  root: Buffer,
): boolean {
  if (!isCount(from) || !isCount(size) || from > size) return false
  if (from === size) return proof.length === 0 && fromRoot.equals(root)
  if (from === 0) return proof.length === 0 && fromRoot.equals(EMPTY_ROOT)
  const [first, ...rest] = isPowerOfTwo(from) ? [fromRoot, ...proof] : proof
  if (!first) return false
  let [node, last] = [from - 1, size - 1]
  while (node % 2 === 1) [node, last] = [half(node), half(last)]
  let [older, newer] = [first, first]
  for (const sibling of rest) {
    if (last === 0) return false
    if (node % 2 === 1 || node === last) {
      older = nodeHash(sibling, older)
      newer = nodeHash(sibling, newer)
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)]
    } else {
      newer = nodeHash(newer, sibling)
    }
    ;[node, last] = [half(node), half(last)]
  }
  return last === 0 && older.equals(fromRoot) && newer.equals(root)
}

/** The largest power of two below `size`: where a tree parts. */
function split(size: number): number {
  let power = 1
  while (power * 2 < size) power *= 2
  return power
}

const half = (count: number) => Math.floor(count / 2)
const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0
const isPowerOfTwo = (count: number) => count === 1 || split(count) * 2 === count
