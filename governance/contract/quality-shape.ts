// The shape of a policy's `quality`: for validation, and for editors. What the shape cannot say is checked by
// `read-quality.ts` and `build-quality.ts`.

import Type, { type Static } from 'typebox'
import { conditionShape, MAX_CONDITIONS } from './aggregate-shape.ts'
import { closed, pointer, timeSpan } from './policy-parts.ts'

const MAX_COMPLETE = 100
const MAX_RULES = 50
const MAX_BURST = 1_000_000_000

const share = (description: string) =>
  Type.Number({ exclusiveMinimum: 0, maximum: 1, description: `${description} Above 0, at most 1: 0.99.` })

const requirementShape = Type.Object(
  {
    ...conditionShape.properties,
    atLeast: Type.Optional(pointer('It must not be below what stands there: two numbers, or two times.')),
  },
  { ...closed, description: 'What must hold: { pointer: /amount, minimum: 0 }, { pointer: /end, atLeast: /start }.' },
)

const ruleShape = Type.Object(
  {
    when: Type.Optional(
      Type.Union([conditionShape, Type.Array(conditionShape, { maxItems: MAX_CONDITIONS })], {
        description: 'Which events are looked at; of a list, all must hold. Left out: all events.',
      }),
    ),
    require: Type.Union([requirementShape, Type.Array(requirementShape, { minItems: 1, maxItems: MAX_CONDITIONS })], {
      description: 'What must hold of them; of a list, all of it.',
    }),
    share: Type.Optional(share('Of which share of them; all when left out.')),
  },
  closed,
)

export const qualityShape = Type.Object(
  {
    completeness: Type.Optional(
      Type.Record(Type.String(), share('Of events that hold a value there.'), {
        maxProperties: MAX_COMPLETE,
        description: 'By JSON Pointer, the share of events that hold a value there: { /email: 0.99 }.',
      }),
    ),
    conformity: Type.Optional(share('Of the events that came in, those that are not rejected.')),
    uniqueness: Type.Optional(share('Of the copies that were archived, those that were first ones.')),
    timeliness: Type.Optional(
      Type.Object(
        { within: timeSpan('How long after its own time an event comes in.'), share: share('Of events, these.') },
        { ...closed, description: 'By when which share of events comes in: { within: 10m, share: 0.95 }.' },
      ),
    ),
    skew: Type.Optional(timeSpan('How far ahead a producer’s clock may be; 5m when left out.')),
    silence: Type.Optional(timeSpan('So long without any event is an anomaly; left out: it never is.')),
    burst: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_BURST,
        description: 'More events in a minute are an anomaly; left out: only what is unusual.',
      }),
    ),
    consistency: Type.Optional(
      Type.Record(Type.String(), ruleShape, {
        maxProperties: MAX_RULES,
        description: 'Rules between the values of an event, by names of your choice.',
      }),
    ),
  },
  { ...closed, description: 'What is promised of the data’s quality, and held against what comes in.' },
)

export type WrittenQuality = Static<typeof qualityShape>
