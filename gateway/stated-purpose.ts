// Why somebody reads in the clear: stated with the request, kept in the audit under the keys of the persons read.

import Type from 'typebox'
import { RequestRefused } from './body/request-refused.ts'

const MIN_LENGTH = 3
const MAX_LENGTH = 200

/** In a body. */
export const purposeShape = Type.String({
  minLength: MIN_LENGTH,
  maxLength: MAX_LENGTH,
  description: 'Why: kept in the audit',
})

/** In a header or a query. */
export const purposeHeader = {
  'ecluse-purpose': Type.Optional(Type.String({ description: 'Why clear values are read; kept in the audit' })),
}

/** @throws RequestRefused 400 where none is stated, two differ, or one is too short or too long */
export function statedPurpose(...stated: (string | undefined)[]): string {
  const [purpose = '', ...others] = new Set(stated.flatMap(text => text?.trim() || []))
  if (purpose.length >= MIN_LENGTH && purpose.length <= MAX_LENGTH && others.length === 0) return purpose
  throw new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'Clear values are read for a stated purpose.',
    fix: `Send the header Ecluse-Purpose, or ?purpose=, with one text of ${MIN_LENGTH} to ${MAX_LENGTH} characters.`,
  })
}
