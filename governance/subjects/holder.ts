// A holder is a place where personal data rests beside vault and log. An erasure goes through all of them, one by one:
// each erases, then says what is left.

import type { AskedPerson } from './find-asked.ts'

export interface Holder {
  /** As the certificate names it. */
  name: string
  /** Removes all it holds of these persons; how many records that were. Idempotent. */
  erase(persons: AskedPerson[]): Promise<number>
  /** Whether a fresh look still finds records of them: 0 if not, else how many it came upon first. */
  countLeft(persons: AskedPerson[]): Promise<number>
  /**
   * Sees to it that nothing is left in the holder's own files of what was removed; what it cannot see to, as a sentence
   * for the certificate.
   */
  scrub(persons: AskedPerson[]): Promise<string | null>
  /** Where asking person by person costs too much: removes all it holds of erased persons at once; how many records. */
  sweep?(): Promise<number>
}

/** What stays in the log until its retention ends, and can be read without the destroyed key. */
export interface Remain {
  dataset: string
  topic: string
  /** The field's pattern in the schema; '' for the record's key. */
  pointer: string
  what: 'pseudonym' | 'kept' | 'generalised' | 'masked' | 'domain token'
  /** RFC 3339; null where nobody says how long. */
  until: string | null
}
