// A stored event in the clear again, as far as keys reach: ciphertexts and the values sealed beside tokens of named
// domains are opened with the keys of the person each field is about, pseudonyms become the ids they stand for. What
// cannot be opened stays as it is stored. Who may see the result, and that it is recorded, is for the caller to see to.

import type { JsonValue } from '../../storage/json.ts'
import type { StoredContract, StoredEvent, StoredField } from '../../storage/stored-shapes.ts'
import { readPointer } from '../contract/event-parts.ts'
import { openField } from '../protection/field-cipher.ts'
import type { PersonKeys } from '../protection/person-keys.ts'
import { isDomainToken } from './field-tree.ts'

/** What opening takes of a person. `id` is the raw id, as text. */
export interface OpenablePerson {
  id: string
  keys: Pick<PersonKeys, 'field'>
}

/** What is opened of an event: as it is archived, or a copy of it elsewhere. */
export type SealedEvent = Pick<StoredEvent, 'dataset' | 'id' | 'subject' | 'event'>

export interface Opener {
  /** The pseudonym of whom a field is about; null if that is nobody. */
  personOf(field: { of?: string | undefined }): string | null
  /** The value in the clear, or as it is stored. */
  open(value: JsonValue, field: StoredField): JsonValue
}

/**
 * @param persons by pseudonym: those whose data may be opened
 * @param onOpened told of the pseudonym with each value that was opened
 */
export function makeOpener(
  { event: { subjects } }: StoredContract,
  { dataset, id, subject, event }: SealedEvent,
  persons: ReadonlyMap<string, OpenablePerson>,
  onOpened: (pseudonym: string) => void = () => {},
): Opener {
  const pseudonyms = new Map(subjects.map(({ name, pointer }) => [name, asText(readPointer(pointer)(event))]))
  const personOf = ({ of }: { of?: string | undefined }) => (of === undefined ? subject : (pseudonyms.get(of) ?? null))
  const isSubject = new Set(subjects.map(({ pointer }) => pointer))

  function opened(value: JsonValue, field: StoredField, person: OpenablePerson): JsonValue | undefined {
    if (isSubject.has(field.pointer)) return value === null ? undefined : person.id
    const sealed = field.domain !== undefined && isDomainToken(value) ? value.sealed : value
    if (typeof sealed !== 'string' || (field.action !== 'encrypt' && field.domain === undefined)) return undefined
    try {
      return openField(person.keys.field, sealed, { dataset, pointer: field.pointer, eventId: id })
    } catch {
      return undefined
    }
  }

  return {
    personOf,
    open: (value, field) => {
      const pseudonym = personOf(field)
      const person = pseudonym === null ? undefined : persons.get(pseudonym)
      const clear = person && opened(value, field, person)
      if (clear === undefined) return value
      onOpened(pseudonym!)
      return clear
    },
  }
}

function asText(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}
