// The ledger of erasures: kept apart from every store that may be restored, so that what was erased since a backup is
// erased again after it. Two sets that are never joined: look-up hashes and pseudonyms, each in files by the first
// letters of a hash, sorted, so that neither order nor time tells which belongs to which. Every file is signed.

import { hash } from 'node:crypto'
import type { Lake } from '../../storage/lake/lake.ts'
import { type Signer, verifySigned } from '../audit/sign.ts'

const SETS = ['lookups', 'pseudonyms'] as const
type SetName = (typeof SETS)[number]

/** Another process may be writing the same file: tried this often. */
const ATTEMPTS = 50
const MAX_FILES = 1_000

export interface ErasureLedger {
  /** Adds to the two sets; resolves once they are stored. Idempotent. @throws LakeUnavailable */
  add(erased: Record<SetName, string[]>): Promise<void>
  /** Takes a look-up hash out again: its erasure was lifted. */
  removeLookup(lookup: string): Promise<void>
  /** Which of these look-up hashes stand in it now. */
  findLookups(lookups: string[]): Promise<Set<string>>
  /** Both sets, file by file. @throws Error naming the file, when one is not as it was signed */
  read(): AsyncIterable<Record<SetName, string[]>>
}

export function openErasureLedger(lake: Lake, signer: Signer): ErasureLedger {
  /** One change of a file at a time in this process; others are met by the tag. */
  let turn: Promise<unknown> = Promise.resolve()

  async function readFile(path: string): Promise<{ entries: string[]; etag: string } | undefined> {
    const file = await lake.get(path)
    if (!file) return undefined
    try {
      const { payload } = verifySigned(file.body.toString(), [signer.publicKeyPem])
      if (payload.path === path) return { entries: payload.entries as string[], etag: file.etag }
    } catch {
      // told below
    }
    throw new Error(`the ledger of erasures is damaged: ${path} is not as it was signed. Restore that file.`)
  }

  async function change(path: string, changed: (entries: Set<string>) => Set<string>): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const stored = await readFile(path)
      const before = new Set(stored?.entries)
      const after = changed(before)
      if (after.size === before.size) return
      const payload = { type: 'ecluse/erasure-ledger/1', path, entries: [...after].sort() }
      const body = Buffer.from(signer.sign(payload))
      const etag = stored ? await lake.putIfMatch(path, body, stored.etag) : await lake.putIfAbsent(path, body)
      if (etag !== undefined) return
    }
    throw new Error(`the ledger of erasures could not be written: ${path} changed ${ATTEMPTS} times meanwhile`)
  }

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const next = turn.then(work)
    turn = next.catch(() => {})
    return next
  }

  return {
    add: erased =>
      inTurn(async () => {
        for (const set of SETS)
          for (const [path, entries] of byPath(set, erased[set]))
            await change(path, before => before.union(new Set(entries)))
      }),
    removeLookup: lookup =>
      inTurn(() => change(pathOf('lookups', lookup), before => before.difference(new Set([lookup])))),
    findLookups: async lookups => {
      const found = new Set<string>()
      for (const [path, asked] of byPath('lookups', lookups)) {
        const standing = new Set((await readFile(path))?.entries)
        for (const lookup of asked) if (standing.has(lookup)) found.add(lookup)
      }
      return found
    },
    async *read() {
      for (const set of SETS) {
        for (const path of await lake.list(`${set}/`, { limit: MAX_FILES })) {
          const entries = (await readFile(path))?.entries ?? []
          yield { lookups: [], pseudonyms: [], [set]: entries }
        }
      }
    },
  }
}

/** 256 files a set at most. */
function pathOf(set: SetName, entry: string): string {
  return `${set}/${hash('sha256', entry).slice(0, 2)}.json`
}

function byPath(set: SetName, entries: string[]): Map<string, string[]> {
  return Map.groupBy(entries, entry => pathOf(set, entry))
}
