// The shape of a policy file, once: the TypeScript type, the JSON Schema that editors complete with
// (`policies/policy.schema.json`) and the validation all come from here.

import Type, { type Static, type TSchema } from 'typebox'
import type { Level } from '../classification/taxonomy.ts'
import { categories, levels } from '../classification/taxonomy.ts'
import type { ActionName } from '../protection/action.ts'
import { actions } from '../protection/actions.ts'
import { aggregatesShape } from './aggregate-shape.ts'
import { computedShape } from './computed-shape.ts'
import { closed, duration, pointer } from './policy-parts.ts'
import { qualityShape } from './quality-shape.ts'

export const DATASET_PATTERN = '^[a-z][a-z0-9-]{0,62}$'

/** `keep`, or an action with its parameters: `{ mask: { keep: last, count: 4 } }`. */
export type PolicyAction = ActionName | { [name: string]: unknown }

const email = (description: string) => Type.String({ pattern: '^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$', description })

const legalBases = [
  'consent',
  'contract',
  'legal-obligation',
  'vital-interests',
  'public-task',
  'legitimate-interests',
] as const

const levelSchema = Type.Unsafe<Level>({ enum: [...levels], description: 'How much harm its disclosure would do.' })

const categorySchema = Type.String({
  enum: [...categories.keys()],
  description: 'What the field is: a data category of Fideslang, such as user.contact.email.',
})

const actionSchema = Type.Unsafe<PolicyAction>({
  description: 'What is done to the value before it is stored.',
  anyOf: [
    { enum: Object.values(actions).flatMap(action => (action.bare ? [action.name] : [])) },
    ...Object.values(actions).flatMap(({ name, parameters }) =>
      parameters ? [Type.Object({ [name]: parameters as TSchema }, closed)] : [],
    ),
  ],
})

const ruleSchema = Type.Object(
  {
    category: Type.Optional(categorySchema),
    level: levelSchema,
    action: actionSchema,
    of: Type.Optional(Type.String({ description: 'Name of the subject the field is about; left out: the first.' })),
  },
  { ...closed, description: 'How one field, or all that a pattern matches, is classified and treated.' },
)

const word = (description: string) => Type.String({ pattern: '^[a-z][a-z0-9_-]{0,62}$', description })

const subjectSchema = Type.Object(
  {
    name: word('What rules call this person: of: payee.'),
    type: word('Kind of person; datasets that share a type share the person.'),
    id: pointer('Where the person’s id stands in the event.'),
    aliases: Type.Optional(
      Type.Array(Type.Object({ type: word('Kind of name: email, phone.'), at: pointer('Where it stands.') }, closed), {
        maxItems: 16,
        description: 'Other names this person answers to in requests.',
      }),
    ),
    sentinels: Type.Optional(
      Type.Array(Type.Union([Type.String(), Type.Integer()]), {
        maxItems: 1_000,
        description: 'Ids that are nobody, such as unknown or 0.',
      }),
    ),
  },
  closed,
)

const eventSchema = Type.Object(
  {
    id: Type.Optional(
      Type.Union(
        [
          pointer('Where the event’s id stands.'),
          Type.Object(
            {
              at: pointer('Where the event’s id stands.'),
              personal: Type.Literal(true, {
                description: 'The id is personal data: it is hashed before it is stored.',
              }),
            },
            closed,
          ),
        ],
        { description: 'Where the event’s id stands; left out: every event gets a new one.' },
      ),
    ),
    time: Type.Optional(
      Type.Object(
        {
          at: pointer('Where the event’s time stands (RFC 3339).'),
          zone: Type.Optional(Type.String({ description: 'IANA time zone of times without offset: Europe/Paris.' })),
        },
        { ...closed, description: 'When it happened; left out: when it was received.' },
      ),
    ),
    subjects: Type.Array(subjectSchema, {
      maxItems: 16,
      description: 'The persons an event is about; the first is primary. Empty: nobody’s data.',
    }),
    source: Type.Optional(Type.String({ minLength: 1, description: 'CloudEvents source; else urn:ecluse:<dataset>.' })),
    type: Type.Optional(Type.String({ minLength: 1, description: 'CloudEvents type; else the dataset’s name.' })),
  },
  { ...closed, description: 'Where an event’s id, time and persons stand.' },
)

/** Where the registry holds the raw schema, for a dataset without files in `schemas/`. */
export const schemaReferenceShape = Type.Object(
  {
    registry: Type.String({
      minLength: 1,
      maxLength: 255,
      description: 'The registry subject whose versions are this dataset’s raw schemas: transactions-raw-value.',
    }),
    version: Type.Unsafe<number | 'latest'>({
      type: ['integer', 'string'],
      minimum: 1,
      pattern: '^latest$',
      description: 'The registry version up to which schemas are taken: a number; or latest, to follow the registry.',
    }),
  },
  { ...closed, description: 'Where the raw schema is, if not in schemas/<dataset>/: { registry: …, version: 3 }.' },
)

export const policySchema = Type.Object(
  {
    dataset: Type.String({ pattern: DATASET_PATTERN, description: 'The dataset’s name, the same as the file’s.' }),
    title: Type.Optional(Type.String({ minLength: 1, description: 'What people call it.' })),
    owner: email('E-mail address of who answers for the data.'),
    steward: email('E-mail address of who looks after its quality and this policy.'),
    purpose: Type.String({ minLength: 1, description: 'What the data is processed for (GDPR art. 5).' }),
    legalBasis: Type.Enum([...legalBases], { description: 'Why it may be processed (GDPR art. 6).' }),
    recipients: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        maxItems: 100,
        description: 'Who receives the data, or what kind of organisations do (GDPR art. 13, 15 and 30).',
      }),
    ),
    review: Type.Optional(
      Type.Object(
        {
          every: duration('How often the policy is reviewed.'),
          last: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$', description: 'Day of the last review: 2026-11-01.' }),
        },
        closed,
      ),
    ),
    retention: Type.Object(
      {
        log: duration('How long protected events stay in the log; at most as long as in the archive.'),
        events: duration('How long they stay in the archive.'),
        quarantine: duration('How long rejected originals stay sealed.'),
        lake: duration('How long files stay in the lake.'),
      },
      { ...closed, description: 'How long data is kept, from its reception.' },
    ),
    schema: Type.Optional(schemaReferenceShape),
    event: eventSchema,
    computed: Type.Optional(computedShape),
    fields: Type.Optional(
      Type.Record(Type.String(), ruleSchema, {
        description: 'Rules by JSON Pointer; * is one name or all items, ** everything below. The most specific wins.',
      }),
    ),
    unclassified: Type.Optional(
      Type.Enum(['encrypt', 'reject', 'drop'], {
        description: 'What is done to fields that neither policy nor schema classify; encrypt when left out.',
      }),
    ),
    aggregates: Type.Optional(aggregatesShape),
    quality: Type.Optional(qualityShape),
  },
  {
    ...closed,
    title: 'Écluse policy',
    description: 'What one dataset is, who answers for it and how it is protected.',
  },
)

export type Policy = Static<typeof policySchema>

/** The JSON Schema for editors, as `policies/policy.schema.json` holds it. */
export function policyEditorSchema(): unknown {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...JSON.parse(JSON.stringify(policySchema)) }
}
