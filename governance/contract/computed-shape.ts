// The shape of a policy's `computed`: for validation, and for editors. What the shape cannot say is checked by
// `read-computed.ts` and `check-computed.ts`.

import Type, { type Static } from 'typebox'
import { closed, pointer } from './policy-parts.ts'

const MAX_COMPUTED = 20
const MAX_PARTS = 10
const MAX_SEPARATOR_LENGTH = 16

const joinShape = Type.Object(
  {
    join: Type.Array(pointer('A text of the event.'), {
      minItems: 2,
      maxItems: MAX_PARTS,
      uniqueItems: true,
      description: 'Texts that are put together, one after the other; those that are not there are left out.',
    }),
    separator: Type.Optional(
      Type.String({ maxLength: MAX_SEPARATOR_LENGTH, description: 'What stands between them; a space when left out.' }),
    ),
  },
  { ...closed, description: 'Several texts as one: { join: [/name/first, /name/last] }.' },
)

const yearsShape = Type.Object(
  { years: Type.Object({ since: pointer('A date, or a date and time, of the event.') }, closed) },
  { ...closed, description: 'Whole years from a date to the event’s time: { years: { since: /birthday } }.' },
)

/** By the name that says which it is. */
export const computationShapes = { join: joinShape, years: yearsShape }

const received = Type.Literal('received', { description: 'When the event was received (RFC 3339, UTC).' })

const computationShape = Type.Union([received, joinShape, yearsShape], {
  description: 'How it is made: { join: [...] }, { years: { since: … } }, or received.',
})

export const computedShape = Type.Record(Type.String(), computationShape, {
  maxProperties: MAX_COMPUTED,
  description: 'Fields that Écluse adds to an event, by JSON Pointer; they have rules under fields like any other.',
})

/** How a computed field is made, as the policy writes it. */
export type Computation = Static<typeof computationShape>

/** Parts of `computed` that are read by name, and so better explained than by their shape. */
export const isComputation = (tokens: readonly string[]) => tokens[0] === 'computed' && tokens.length > 1
