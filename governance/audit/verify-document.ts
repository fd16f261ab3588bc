// Any file of ours that proves something, verified offline: what it is, it says itself. A further kind is a further entry
// in this list.

import type { JsonValue } from '../../storage/json.ts'
import { readCanonical, readUtf8 } from './exact-text.ts'
import { isZip } from './exact-zip.ts'
import { proofKind, verifyConsistencyProof, verifyInclusionProof } from './proof.ts'
import { verifySigned } from './sign.ts'
import { verifyPackage } from './verify-package.ts'

export interface VerifiedDocument {
  /** `ecluse/erasure-certificate/1` … */
  type: string
  /** What is shown by it, in one sentence. */
  shows: string
}

interface Kind {
  fits(bytes: Buffer): boolean
  verify(bytes: Buffer, publicKeys: string[]): VerifiedDocument
}

const isJson = (bytes: Buffer) => bytes[0] === '{'.charCodeAt(0)
const isProof = (bytes: Buffer) => isJson(bytes) && proofKind(readUtf8(bytes)) !== undefined

/** The first that fits. */
const kinds: Kind[] = [
  { fits: isZip, verify: verifyZip },
  { fits: isProof, verify: (bytes, publicKeys) => verifyProof(readUtf8(bytes), publicKeys) },
  { fits: isJson, verify: (bytes, publicKeys) => verifyPayload(readUtf8(bytes), publicKeys) },
]

/**
 * @param bytes the whole file
 * @param publicKeys PEM
 * @throws SignatureInvalid, TextNotExact, ProofInvalid: why it cannot be relied on
 */
export function verifyDocument(bytes: Buffer, publicKeys: string[]): VerifiedDocument {
  const kind = kinds.find(({ fits }) => fits(bytes))
  if (!kind) throw new Error('it is none of the files that can be verified: a signed document, a proof or a package')
  return kind.verify(bytes, publicKeys)
}

function verifyPayload(text: string, publicKeys: string[]): VerifiedDocument {
  const { payload, keyId } = verifySigned(text, publicKeys)
  return { type: payload.type, shows: `signed by key ${keyId}, unchanged since` }
}

function verifyZip(bytes: Buffer, publicKeys: string[]): VerifiedDocument {
  const { payload, keyId } = verifyPackage(bytes, publicKeys)
  const files = (payload.files as JsonValue[]).length
  return { type: payload.type, shows: `${files} files, signed by key ${keyId}, unchanged since` }
}

function verifyProof(text: string, publicKeys: string[]): VerifiedDocument {
  const type = readCanonical(text).type as string
  if (proofKind(text) === 'consistency') {
    const { from, to } = verifyConsistencyProof(text, publicKeys)
    return { type, shows: `the audit of ${from.treeSize} entries is the beginning of that of ${to.treeSize}` }
  }
  const { index, head, entry } = verifyInclusionProof(text, publicKeys)
  const missing = entry === null ? '; its content is not in the proof: expired or withheld' : ''
  const shows = `entry ${index} stands in the audit of ${head.treeSize} entries that was signed at ${head.at}${missing}`
  return { type, shows }
}
