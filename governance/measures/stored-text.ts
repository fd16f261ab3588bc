// What tells one stored value from another: a text for it, equal for equal values, different for different ones.

import type { JsonValue } from '../../storage/json.ts'
import { isDomainToken } from '../access/field-tree.ts'

/**
 * `s:` and a text (in NFC), `j:` and a number or boolean as JSON; of a token that joins across people, its oldest
 * form, which stays while its key is rotated. Undefined for null and whatever else is no single value.
 */
export function storedText(value: JsonValue): string | undefined {
  if (typeof value === 'string') return `s:${value.normalize('NFC')}`
  if (typeof value === 'number' || typeof value === 'boolean') return `j:${value}`
  return isDomainToken(value) ? `s:${value.tokens.at(-1)}` : undefined
}
