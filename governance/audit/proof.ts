// Proofs of the audit tree as files that stand for themselves: canonical JSON with the signed heads they lead to. That an
// entry stands in the tree (inclusion), and that one tree is the beginning of another (consistency).

import { isJsonObject, type JsonObject } from '../../storage/json.ts'
import { canonicalText, readBytes, readCanonical, readHash, TextNotExact } from './exact-text.ts'
import { leafHash, verifyConsistency, verifyInclusion } from './merkle-tree.ts'
import { type TreeHead, verifyTreeHead } from './tree-head.ts'

const INCLUSION = 'ecluse/audit-proof/1'
const CONSISTENCY = 'ecluse/audit-consistency/1'

/** What was claimed does not follow; the message says what. */
export class ProofInvalid extends Error {
  override name = 'ProofInvalid'
}

export interface Inclusion {
  index: number
  leafHash: Buffer
  /** The record's exact bytes; null once they are gone. */
  entry: Buffer | null
  path: Buffer[]
  /** A signed head. */
  head: string
}

/** `{type, index, leafHash, entry?, path, head}`: hashes in hex, the entry in base64. */
export function writeInclusion({ index, leafHash, entry, path, head }: Inclusion): string {
  return canonicalText({
    type: INCLUSION,
    index,
    leafHash: leafHash.toString('hex'),
    ...(entry && { entry: entry.toString('base64') }),
    path: path.map(each => each.toString('hex')),
    head: JSON.parse(head),
  })
}

/** `{type, from, to, proof}`: two signed heads, and the hashes that lead from one to the other. */
export function writeConsistency({ from, to, proof }: { from: string; to: string; proof: Buffer[] }): string {
  return canonicalText({
    type: CONSISTENCY,
    from: JSON.parse(from),
    to: JSON.parse(to),
    proof: proof.map(each => each.toString('hex')),
  })
}

export interface ProvenInclusion {
  index: number
  head: TreeHead
  entry: Buffer | null
}

/** @param publicKeys PEM. @throws ProofInvalid, SignatureInvalid, TextNotExact */
export function verifyInclusionProof(text: string, publicKeys: string[]): ProvenInclusion {
  const { index, leafHash: leaf, entry, path, head } = readMembers(text, INCLUSION, ['entry'])
  const signed = readHead(head, publicKeys)
  const bytes = entry === undefined ? null : readBytes(entry, 'base64')
  const hash = readHash(leaf)
  if (bytes && !leafHash(bytes).equals(hash)) throw new ProofInvalid('the entry does not have the hash that is proven')
  if (!verifyInclusion(hash, index as number, signed.treeSize, readHashes(path), signed.rootHash))
    throw new ProofInvalid('the entry does not stand in the signed tree')
  return { index: index as number, head: signed, entry: bytes }
}

/** @param publicKeys PEM. @throws ProofInvalid, SignatureInvalid, TextNotExact */
export function verifyConsistencyProof(text: string, publicKeys: string[]): { from: TreeHead; to: TreeHead } {
  const members = readMembers(text, CONSISTENCY)
  const from = readHead(members.from, publicKeys)
  const to = readHead(members.to, publicKeys)
  if (!verifyConsistency(from.treeSize, to.treeSize, readHashes(members.proof), from.rootHash, to.rootHash))
    throw new ProofInvalid('the older signed tree is not the beginning of the newer one')
  return { from, to }
}

const MEMBERS = {
  [INCLUSION]: ['type', 'index', 'leafHash', 'entry', 'path', 'head'],
  [CONSISTENCY]: ['type', 'from', 'to', 'proof'],
}

function readMembers(text: string, type: keyof typeof MEMBERS, optional: string[] = []): JsonObject {
  const proof = readCanonical(text)
  const expected = MEMBERS[type]
  const exact =
    Object.keys(proof).every(member => expected.includes(member)) &&
    expected.every(member => optional.includes(member) || Object.hasOwn(proof, member))
  if (proof.type !== type || !exact) throw new TextNotExact('it is no proof of this kind')
  return proof
}

function readHead(head: unknown, publicKeys: string[]): TreeHead {
  if (!isJsonObject(head)) throw new TextNotExact('it holds no signed head')
  return verifyTreeHead(canonicalText(head), publicKeys)
}

function readHashes(hashes: unknown): Buffer[] {
  if (!Array.isArray(hashes)) throw new TextNotExact('it holds no list of hashes')
  return hashes.map(readHash)
}

/** What kind of proof this is; undefined if none. */
export function proofKind(text: string): 'inclusion' | 'consistency' | undefined {
  const { type } = readCanonical(text)
  if (type === INCLUSION) return 'inclusion'
  return type === CONSISTENCY ? 'consistency' : undefined
}
