// The shape of a policy's `aggregates`: for validation, and for editors. What the shape cannot say is checked by
// `read-aggregates.ts`.

import Type, { type Static, type TSchema } from 'typebox'
import { measures } from '../measures/measures.ts'
import { closed, duration, pointer, timeSpan } from './policy-parts.ts'

const MAX_AGGREGATES = 50
const MAX_GROUP_KEYS = 4
const MAX_MEASURES = 20
export const MAX_CONDITIONS = 8
const MAX_TAKEN_COLUMNS = 8
const MAX_COMPARANDS = 100
const MAX_K = 1_000_000

/** Windows by name. */
export const windowShapes = {
  tumbling: timeSpan('Windows of this length, one after the other.'),
  hopping: Type.Object(
    { size: timeSpan('How long a window is.'), every: timeSpan('How often a new one begins.') },
    { ...closed, description: 'Windows that overlap: { size: 1h, every: 10m }' },
  ),
  session: Type.Object(
    { gap: timeSpan('How long a person must be silent for a session to end.') },
    { ...closed, description: 'A window for each run of events of one person: { gap: 30m }' },
  ),
}

/** What a measure takes, by kind: a pointer, or `of` and its parameters. `count` may also be written alone. */
export const measureShapes = Object.fromEntries(
  Object.entries(measures).map(([kind, { description, parameters }]): [string, TSchema] => {
    const hasOthers = Object.keys(parameters).length > 0
    return [
      kind,
      hasOthers
        ? Type.Object({ of: pointer('Of which field.'), ...parameters }, { ...closed, description })
        : pointer(`${description} Of which field: /amount.`),
    ]
  }),
)

const named = (shapes: Record<string, TSchema>) =>
  Object.entries(shapes).map(([name, shape]) => Type.Object({ [name]: shape }, closed))

const measureShape = Type.Unsafe<unknown>({
  description: 'count, or what is computed of a field: { sum: /amount }, { quantile: { of: /amount, q: 0.5 } }.',
  anyOf: [{ const: 'count', description: measures.count.description }, ...named(measureShapes)],
})

const windowShape = Type.Unsafe<unknown>({
  description: 'Over which time: { tumbling: 1h }, { hopping: { size: 1h, every: 10m } } or { session: { gap: 30m } }.',
  anyOf: named(windowShapes),
})

const comparand = Type.Union([Type.String({ maxLength: 1_000 }), Type.Number(), Type.Boolean()])

export const conditionShape = Type.Object(
  {
    pointer: pointer('Which field.'),
    minimum: Type.Optional(Type.Number({ description: 'It must be a number, at least this one.' })),
    maximum: Type.Optional(Type.Number({ description: 'It must be a number, at most this one.' })),
    equals: Type.Optional(comparand),
    oneOf: Type.Optional(
      Type.Array(comparand, { minItems: 1, maxItems: MAX_COMPARANDS, description: 'It must be one of these.' }),
    ),
  },
  { ...closed, description: 'What an event must hold to count: { pointer: /amount, minimum: 0 }.' },
)

const aggregateShape = Type.Object(
  {
    window: windowShape,
    lateness: Type.Optional(timeSpan('How long after a window’s end late events still count; 1h when left out.')),
    groupBy: Type.Optional(
      Type.Array(pointer('A field with few values.'), {
        maxItems: MAX_GROUP_KEYS,
        description: 'One result for each value, or each combination of values. Left out: one for all.',
      }),
    ),
    join: Type.Optional(
      Type.Object(
        {
          reference: Type.String({
            pattern: '^[a-z][a-z0-9-]{0,62}$',
            description: 'Name of the table: countries, for policies/references/countries.csv.',
          }),
          on: pointer('The field of groupBy that is looked up in the first column of the table.'),
          take: Type.Array(Type.String(), {
            minItems: 1,
            maxItems: MAX_TAKEN_COLUMNS,
            description: 'Columns that are shown beside the group.',
          }),
        },
        { ...closed, description: 'What a reference table knows of a group.' },
      ),
    ),
    where: Type.Optional(
      Type.Union([conditionShape, Type.Array(conditionShape, { maxItems: MAX_CONDITIONS })], {
        description: 'Which events count; of a list, all must hold. Left out: all events.',
      }),
    ),
    measures: Type.Record(Type.String(), measureShape, {
      minProperties: 1,
      maxProperties: MAX_MEASURES,
      description: 'What is computed, by a name of your choice.',
    }),
    k: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_K,
        description: 'How many persons a group must have to be shown; 5 when left out.',
      }),
    ),
    perPerson: Type.Optional(
      Type.Literal(true, { description: 'Groups may be single persons, by token or pseudonym. Says so on purpose.' }),
    ),
    retention: Type.Optional(duration('How long results are kept; as long as events when left out, and at most.')),
  },
  closed,
)

export const aggregatesShape = Type.Record(Type.String(), aggregateShape, {
  maxProperties: MAX_AGGREGATES,
  description: 'Statistics that are kept up to date while events arrive: { by-type: { window: …, measures: … } }.',
})

export type WrittenAggregate = Static<typeof aggregateShape>
export type WrittenCondition = Static<typeof conditionShape>

/** Parts of `aggregates` that are read by name, and so better explained than by their shape. */
export function isReadByName(tokens: readonly string[]): boolean {
  const [section, , key] = tokens
  return section === 'aggregates' && (key === 'window' || (key === 'measures' && tokens.length > 3))
}
