// What of a person's records can still be read in the log once the person's key is destroyed: named field by field, so
// that a certificate can say it.

import type { StoredContract, StoredField } from '../../storage/stored-shapes.ts'
import type { Remain } from './holder.ts'

/** What stays of a record, by the pattern of its place. */
export type Left = Pick<Remain, 'pointer' | 'what'>

/**
 * @param places patterns of the places where the record holds values
 * @param contract the one it was stored by; undefined if nobody knows it any more: then every place may be readable
 */
export function leftReadable(places: string[], contract: Pick<StoredContract, 'fields' | 'event'> | undefined): Left[] {
  const byPointer = new Map(contract?.fields.map(field => [field.pointer, field]))
  const subjects = new Set(contract?.event.subjects.map(({ pointer }) => pointer))
  const left = new Map<string, Left>([['', { pointer: '', what: 'pseudonym' }]])
  for (const place of places) {
    const pointer = contract ? ruledPlace(place, byPointer) : place
    const what = subjects.has(pointer) ? 'pseudonym' : whatStays(byPointer.get(pointer))
    if (what) left.set(pointer, { pointer, what })
  }
  return [...left.values()]
}

/** The place itself, or what it lies in, that a rule speaks of. */
function ruledPlace(place: string, byPointer: Map<string, StoredField>): string {
  for (let pointer = place; pointer !== ''; pointer = pointer.slice(0, pointer.lastIndexOf('/')))
    if (byPointer.has(pointer)) return pointer
  return place
}

function whatStays(field: StoredField | undefined): Left['what'] | undefined {
  switch (field?.action) {
    case 'pseudonymise':
      return field.domain === undefined ? undefined : 'domain token'
    case 'encrypt':
    case 'redact':
    case 'drop':
      return undefined
    case 'generalise':
      return 'generalised'
    case 'mask':
      return 'masked'
    default:
      return 'kept'
  }
}
