// The package of an export: a zip whose manifest is signed and names every other file with size and hash.

import { hash } from 'node:crypto'
import type { JsonObject } from '../../storage/json.ts'
import { readUtf8, TextNotExact } from './exact-text.ts'
import { readZip, writeZip, type ZipFiles } from './exact-zip.ts'
import { type SignedPayload, type Signer, verifySigned } from './sign.ts'

const MANIFEST = 'manifest.json'
const TYPE = 'ecluse/export-manifest/1'

/** @param facts without personal data: they stand in the manifest, which may be kept for longer than the rest */
export function signPackage(signer: Signer, facts: JsonObject, files: ZipFiles): Buffer {
  const manifest = signer.sign({ ...facts, type: TYPE, files: listed(files) })
  return writeZip(new Map([...files, [MANIFEST, Buffer.from(manifest)]]))
}

/** @throws SignatureInvalid, TextNotExact: why the package cannot be relied on */
export function verifyPackage(bytes: Buffer, publicKeys: string[]): { payload: SignedPayload; keyId: string } {
  const files = readZip(bytes)
  const manifest = files.get(MANIFEST)
  if (!manifest) throw new TextNotExact('it holds no manifest.json')
  const signed = verifySigned(readUtf8(manifest), publicKeys)
  files.delete(MANIFEST)
  if (signed.payload.type !== TYPE || JSON.stringify(signed.payload.files) !== JSON.stringify(listed(files)))
    throw new TextNotExact('its files are not those that the manifest names')
  return signed
}

/** Members in the order of canonical JSON. */
function listed(files: ZipFiles): JsonObject[] {
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, content]) => ({ path, sha256: hash('sha256', content), size: content.length }))
}
