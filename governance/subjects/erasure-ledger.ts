// The ledger of erasures: kept apart from every store that may be restored, so that what was erased since a backup is
// erased again after it. Two sets that are never joined: look-up hashes and pseudonyms, each in signed files by the
// first letters of a hash, sorted, so that neither order nor time tells which belongs to which.

import { byPath, type SignedFiles } from './signed-files.ts'

const SETS = ['lookups', 'pseudonyms'] as const
type SetName = (typeof SETS)[number]

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

export function openErasureLedger(files: SignedFiles): ErasureLedger {
  const read = async (path: string) => ((await files.read(path)) ?? []) as string[]

  async function change(path: string, changed: (entries: Set<string>) => Set<string>): Promise<void> {
    await files.change(path, stored => {
      const before = new Set(stored as string[])
      const after = changed(before)
      return after.size === before.size ? undefined : [...after].sort()
    })
  }

  return {
    add: async erased => {
      for (const set of SETS)
        for (const [path, entries] of byPath(set, erased[set]))
          await change(path, before => before.union(new Set(entries)))
    },
    removeLookup: async lookup => {
      for (const path of byPath('lookups', [lookup]).keys())
        await change(path, before => before.difference(new Set([lookup])))
    },
    findLookups: async lookups => {
      const found = new Set<string>()
      for (const [path, asked] of byPath('lookups', lookups)) {
        const standing = new Set(await read(path))
        for (const lookup of asked) if (standing.has(lookup)) found.add(lookup)
      }
      return found
    },
    async *read() {
      for (const set of SETS)
        for (const path of await files.list(set)) yield { lookups: [], pseudonyms: [], [set]: await read(path) }
    },
  }
}
