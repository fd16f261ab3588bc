// What producers send otherwise than their schema says, as far as the causes of rejections tell it: where, and how often.
// Names and values stand in the sealed originals alone.

/** How many events, by pointer. */
export type CountsByPointer = Map<string, number>

export interface SchemaDrift {
  /** Fields that nobody declared: by the object that held them. */
  undeclaredFields: CountsByPointer
  /** Values of another type. */
  changedTypes: CountsByPointer
  /** Values that the schema does not list. */
  newValues: CountsByPointer
}

const keywords: Record<string, keyof SchemaDrift> = {
  additionalProperties: 'undeclaredFields',
  unevaluatedProperties: 'undeclaredFields',
  propertyNames: 'undeclaredFields',
  type: 'changedTypes',
  enum: 'newValues',
  const: 'newValues',
}

/** @param causes see `causeOf` */
export function schemaDriftOf(causes: ReadonlyMap<string, number>): SchemaDrift {
  const drift: SchemaDrift = { undeclaredFields: new Map(), changedTypes: new Map(), newValues: new Map() }
  for (const [cause, count] of causes) {
    const { pointer, keyword } = partsOf(cause)
    const counts = Object.hasOwn(keywords, keyword) ? drift[keywords[keyword]!] : undefined
    counts?.set(pointer, (counts.get(pointer) ?? 0) + count)
  }
  return drift
}

/** Pointer and keyword of a cause; the pointer of the whole event is ''. */
export function partsOf(cause: string): { pointer: string; keyword: string } {
  const at = cause.lastIndexOf(' ')
  const pointer = cause.slice(0, Math.max(0, at))
  return { pointer: pointer === '(event)' ? '' : pointer, keyword: cause.slice(at + 1) }
}
