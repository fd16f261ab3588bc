// What stood in removed records and only in them: tokens and ciphertexts. Remembered from the removal until a store was
// searched for them. A mark in the documents tells a process that another one began: then nobody knows them all.

import { hash, randomUUID } from 'node:crypto'
import type { AskedPerson } from '../../governance/subjects/find-asked.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import { isJsonObject, type JsonValue } from '../../storage/json.ts'

/** Enough of a token or ciphertext to be found nowhere else. */
const NEEDLE_LENGTH = 40
/** Tokens, ciphertexts, and sealed bytes in base64. */
const PROTECTED = /^((enc1|tok1\.person)\.|[A-Za-z0-9+/_-]{40})/

export interface RemovedTexts {
  /** Remembers the texts of records that are about to be removed for these persons. */
  note(persons: AskedPerson[], removed: JsonValue): Promise<void>
  /** Has the store searched for what was noted, and forgets it; `unsearched` where the store cannot be, else null. */
  scrub(persons: AskedPerson[], search: Documents['scrub'], unsearched: string): Promise<string | null>
}

/** @param holder each has its own marks */
export function rememberRemovedTexts(
  documents: Pick<Documents, 'insertFirst' | 'delete'>,
  holder: string,
): RemovedTexts {
  const self = randomUUID()
  const noted = new Map<string, Set<string> | undefined>()
  const keyOf = (persons: AskedPerson[]) =>
    `${holder}/${hash('sha256', persons.map(({ pseudonym }) => pseudonym).join())}`

  return {
    note: async (persons, removed) => {
      const key = keyOf(persons)
      if (!noted.has(key)) {
        const mark = { id: key, version: 0, expiresAtMs: null, body: { by: self } }
        const [stands] = await documents.insertFirst('removals', [mark])
        noted.set(key, stands!.body.by === self ? new Set() : undefined)
      }
      const texts = noted.get(key)
      if (texts)
        visitTexts(removed, text => {
          if (PROTECTED.test(text)) texts.add(text.slice(0, NEEDLE_LENGTH))
        })
    },
    scrub: async (persons, search, unsearched) => {
      const key = keyOf(persons)
      // Undefined if this process did not remove it all.
      const texts = noted.get(key)
      const how = await search(texts && [...texts])
      noted.delete(key)
      await documents.delete('removals', [key])
      return how === 'searched' ? null : unsearched
    },
  }
}

function visitTexts(value: JsonValue, visit: (text: string) => void): void {
  if (typeof value === 'string') visit(value)
  else if (Array.isArray(value)) for (const item of value) visitTexts(item, visit)
  else if (isJsonObject(value)) for (const member of Object.values(value)) visitTexts(member, visit)
}
