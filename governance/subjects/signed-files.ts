// What the ledger of erasures is made of: signed files of entries, each naming its own path, spread by a hash, so that
// neither order nor time tells which entries belong together. Several processes change them at once.

import { hash } from 'node:crypto'
import type { JsonValue } from '../../storage/json.ts'
import type { Lake } from '../../storage/lake/lake.ts'
import { type Signer, verifySigned } from '../audit/sign.ts'

/** Another process may be writing the same file: tried this often. */
const ATTEMPTS = 50
const MAX_FILES = 1_000

export interface SignedFiles {
  /** Undefined where there is no such file. @throws Error naming the file, when it is not as it was signed; LakeUnavailable */
  read(path: string): Promise<JsonValue[] | undefined>
  /**
   * Changes the entries of a file, which is made if need be; resolves once they are stored.
   * @param changed of the entries as they stand, sorted; undefined leaves them so. Asked again where others were faster
   */
  change(path: string, changed: (entries: JsonValue[]) => JsonValue[] | undefined): Promise<void>
  /** Paths of one folder, sorted. */
  list(folder: string): Promise<string[]>
}

export function openSignedFiles(lake: Lake, signer: Signer): SignedFiles {
  /** One change at a time in this process; others are met by the tag. */
  let turn: Promise<unknown> = Promise.resolve()

  async function readFile(path: string): Promise<{ entries: JsonValue[]; etag: string } | undefined> {
    const file = await lake.get(path)
    if (!file) return undefined
    try {
      const { payload } = verifySigned(file.body.toString(), [signer.publicKeyPem])
      if (payload.path === path) return { entries: payload.entries as JsonValue[], etag: file.etag }
    } catch {
      // told below
    }
    throw new Error(`the ledger of erasures is damaged: ${path} is not as it was signed. Restore that file.`)
  }

  async function changeFile(path: string, changed: (entries: JsonValue[]) => JsonValue[] | undefined): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await readFile(path)
      const entries = changed(stored?.entries ?? [])
      if (!entries) return
      const body = Buffer.from(signer.sign({ type: 'ecluse/erasure-ledger/1', path, entries }))
      const etag = stored ? await lake.putIfMatch(path, body, stored.etag) : await lake.putIfAbsent(path, body)
      if (etag !== undefined) return
    }
    throw new Error(`the ledger of erasures could not be written: ${path} changed ${ATTEMPTS} times meanwhile`)
  }

  return {
    read: async path => (await readFile(path))?.entries,
    change: (path, changed) => {
      const next = turn.then(() => changeFile(path, changed))
      turn = next.catch(() => {})
      return next
    },
    list: folder => lake.list(`${folder}/`, { limit: MAX_FILES }),
  }
}

/** The files, 256 of a folder at most, in which these entries stand. */
export function byPath(folder: string, entries: string[]): Map<string, string[]> {
  return Map.groupBy(entries, entry => `${folder}/${hash('sha256', entry).slice(0, 2)}.json`)
}
