// Signed heads of the audit tree: its size and root at one time. Whoever keeps one elsewhere can show later that nothing
// before it was changed, not even by the holder of the key.

import { readHash, TextNotExact } from './exact-text.ts'
import { type Signer, verifySigned } from './sign.ts'

const TYPE = 'ecluse/audit-head/1'

export interface TreeHead {
  treeSize: number
  rootHash: Buffer
  /** When it was signed: RFC 3339. */
  at: string
}

export function signTreeHead(signer: Signer, { treeSize, rootHash, at }: TreeHead): string {
  return signer.sign({ type: TYPE, treeSize, rootHash: rootHash.toString('hex'), at })
}

/** @param publicKeys PEM. @throws SignatureInvalid, TextNotExact */
export function verifyTreeHead(text: string, publicKeys: string[]): TreeHead {
  const { type, treeSize, rootHash, at } = verifySigned(text, publicKeys).payload
  if (type !== TYPE || !Number.isSafeInteger(treeSize) || (treeSize as number) < 1 || typeof at !== 'string')
    throw new TextNotExact('it is no signed head of an audit tree')
  return { treeSize: treeSize as number, rootHash: readHash(rootHash), at }
}
