// Restrictions, objections and legal holds as they stand now, kept apart with the ledger of erasures: a vault that is
// restored from a backup knows nothing of those set or lifted since. One entry for each pseudonym that ever had one of
// them, also when all was lifted again; none any more once the person is erased.

import type { JsonValue } from '../../storage/json.ts'
import type { PersonEntry } from '../../storage/vault/vault.ts'
import { byPath, type SignedFiles } from './signed-files.ts'

const FOLDER = 'rights'

export interface Rights {
  restricted: boolean
  /** Purposes, sorted. */
  objections: string[]
  /** Why the person must not be erased, sealed under the person's key; null while no legal hold stands. */
  sealedHold: Buffer | null
}

export interface RightsLedger {
  /** As they stand, by pseudonym; nobody who never had any. @throws LakeUnavailable; Error naming a damaged file */
  find(pseudonyms: string[]): Promise<Map<string, Rights>>
  /**
   * Changes what stands; resolves once it is stored.
   * @param persons as the vault had them before: what is begun with where nothing stands yet
   */
  change(persons: PersonEntry[], changed: (rights: Rights) => Rights): Promise<void>
  /** Of persons who were erased. Idempotent. */
  remove(pseudonyms: string[]): Promise<void>
  /** All pseudonyms, file by file. */
  list(): AsyncIterable<string[]>
}

/** As one entry of a file holds them. */
interface Entry {
  pseudonym: string
  restricted: boolean
  objections: string[]
  /** Base64. */
  sealedHold: string | null
}

export function openRightsLedger(files: SignedFiles): RightsLedger {
  const read = async (path: string) => entriesOf(await files.read(path))

  return {
    find: async pseudonyms => {
      const found = new Map<string, Rights>()
      for (const [path, asked] of byPath(FOLDER, pseudonyms)) {
        const entries = await read(path)
        for (const pseudonym of asked) {
          const entry = entries.get(pseudonym)
          if (entry) found.set(pseudonym, toRights(entry))
        }
      }
      return found
    },
    change: async (persons, changed) => {
      const before = new Map(persons.map(person => [person.pseudonym, rightsOf(person)]))
      for (const [path, pseudonyms] of byPath(FOLDER, [...before.keys()]))
        await files.change(path, stored => {
          const entries = entriesOf(stored)
          for (const pseudonym of pseudonyms) {
            const entry = entries.get(pseudonym)
            entries.set(pseudonym, toEntry(pseudonym, changed(entry ? toRights(entry) : before.get(pseudonym)!)))
          }
          return sorted(entries)
        })
    },
    remove: async pseudonyms => {
      for (const [path, gone] of byPath(FOLDER, pseudonyms))
        await files.change(path, stored => {
          const entries = entriesOf(stored)
          const removed = gone.filter(pseudonym => entries.delete(pseudonym))
          return removed.length > 0 ? sorted(entries) : undefined
        })
    },
    async *list() {
      for (const path of await files.list(FOLDER)) yield [...(await read(path)).keys()]
    },
  }
}

/** Who is fenced counts as restricted: what they were before is not known. */
function rightsOf({ state, objections, sealedHold }: PersonEntry): Rights {
  return { restricted: state !== 'active', objections, sealedHold }
}

function entriesOf(stored: JsonValue[] = []): Map<string, Entry> {
  return new Map((stored as unknown as Entry[]).map(entry => [entry.pseudonym, entry]))
}

function sorted(entries: Map<string, Entry>): JsonValue[] {
  return [...entries.values()].sort((a, b) => (a.pseudonym < b.pseudonym ? -1 : 1)) as unknown as JsonValue[]
}

function toEntry(pseudonym: string, { restricted, objections, sealedHold }: Rights): Entry {
  return {
    pseudonym,
    restricted,
    objections: objections.toSorted(),
    sealedHold: sealedHold === null ? null : sealedHold.toString('base64'),
  }
}

function toRights({ restricted, objections, sealedHold }: Entry): Rights {
  return { restricted, objections, sealedHold: sealedHold === null ? null : Buffer.from(sealedHold, 'base64') }
}
