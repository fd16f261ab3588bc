// The shape of policies/alerts.yaml, once: the TypeScript type, the JSON Schema that editors complete with
// (`policies/alerts.schema.json`) and the validation all come from here.

import Type, { type Static } from 'typebox'
import { type Language, languages } from '../../runtime/language.ts'
import { anomalyKinds, severities } from '../anomalies/anomaly-kinds.ts'
import { DATASET_PATTERN } from '../contract/policy.ts'
import { closed, timeSpan } from '../contract/policy-parts.ts'

/** What anomalies may be told together by. */
export const groupings = ['dataset', 'kind', 'severity'] as const
export type Grouping = (typeof groupings)[number]

const MAX_ROUTES = 50
const MAX_CHANNELS = 10
const MAX_SILENCES = 200
const MAX_NAMED = 100

const name = (description: string) => Type.String({ pattern: '^[a-z][a-z0-9_-]{0,62}$', description })
const dataset = Type.String({ pattern: DATASET_PATTERN, description: 'Name of a dataset.' })
const kind = Type.Enum([...anomalyKinds], { description: 'A kind of anomaly, such as conflict or silence.' })

const conditionShape = Type.Object(
  {
    datasets: Type.Optional(
      Type.Array(dataset, { minItems: 1, maxItems: MAX_NAMED, description: 'These datasets; left out: all.' }),
    ),
    kinds: Type.Optional(
      Type.Array(kind, { minItems: 1, maxItems: MAX_NAMED, description: 'These kinds of anomaly; left out: all.' }),
    ),
    severity: Type.Optional(
      Type.Enum([...severities], { description: 'The least severity that is told; left out: low, which is all.' }),
    ),
  },
  { ...closed, description: 'Which anomalies are told this way; left out: all.' },
)

const channelShape = Type.Object(
  {
    email: Type.Optional(
      Type.String({
        pattern: '^(steward|owner|[^@\\s<>,;:"]+@[^@\\s<>,;:"]+\\.[^@\\s<>,;:"]+)$',
        maxLength: 254,
        description: 'An e-mail address; or steward or owner, for the address that the dataset’s policy names.',
      }),
    ),
    slack: Type.Optional(name('Name of a Slack-compatible webhook in ECLUSE_ALERT_WEBHOOKS.')),
    webhook: Type.Optional(name('Name of a signed webhook in ECLUSE_ALERT_WEBHOOKS.')),
  },
  {
    ...closed,
    minProperties: 1,
    maxProperties: 1,
    description: 'One of { email: steward }, { email: ops@example.org }, { slack: name } and { webhook: name }.',
  },
)

const groupShape = Type.Object(
  {
    by: Type.Optional(
      Type.Array(Type.Enum([...groupings]), {
        uniqueItems: true,
        description:
          'What is the same in anomalies that are told together: dataset, kind, severity; left out: dataset and kind.',
      }),
    ),
    wait: Type.Optional(timeSpan('How long is waited for others before the first is told; left out: 30s.')),
    interval: Type.Optional(
      timeSpan('How long after a message further anomalies of the group are told, at the soonest; left out: 5m.'),
    ),
    repeat: Type.Optional(timeSpan('How often a group is told again while nobody takes it up; left out: never.')),
  },
  { ...closed, description: 'How anomalies become one message.' },
)

const routeShape = Type.Object(
  {
    name: name('What it is called, in metrics and at the command line.'),
    when: Type.Optional(conditionShape),
    to: Type.Array(channelShape, { minItems: 1, maxItems: MAX_CHANNELS, description: 'Where its messages go.' }),
    group: Type.Optional(groupShape),
    resolved: Type.Optional(
      Type.Boolean({ description: 'Whether it is told when all of a group is over; left out: true.' }),
    ),
    language: Type.Optional(Type.Enum([...languages], { description: 'Language of its messages; left out: en.' })),
  },
  { ...closed, description: 'Which anomalies are told to whom.' },
)

const silenceShape = Type.Object(
  {
    dataset: Type.Optional(dataset),
    kind: Type.Optional(kind),
    until: Type.String({ minLength: 1, description: 'Until when: 2026-12-01T08:00:00Z, or a day.' }),
    reason: Type.String({ minLength: 1, maxLength: 500, description: 'Why nobody is told meanwhile.' }),
  },
  { ...closed, description: 'What is not told for a while, by dataset, kind, or both.' },
)

export const alertFileShape = Type.Object(
  {
    routes: Type.Array(routeShape, {
      maxItems: MAX_ROUTES,
      description: 'Which anomalies are told to whom. An anomaly is told by each route that it fits.',
    }),
    silences: Type.Optional(
      Type.Array(silenceShape, { maxItems: MAX_SILENCES, description: 'What is not told for a while.' }),
    ),
  },
  { ...closed, title: 'Écluse alerts', description: 'Who is told of anomalies, and how.' },
)

export type AlertFile = Static<typeof alertFileShape>

export interface Channel {
  kind: 'email' | 'slack' | 'webhook'
  /** An address, `steward`, `owner`, or a webhook's name. */
  name: string
}

/** A route, with everything that its file may leave out. */
export interface Route {
  name: string
  /** Undefined: all. */
  datasets: ReadonlySet<string> | undefined
  kinds: ReadonlySet<string> | undefined
  /** Rank of the least severity that is told. */
  leastRank: number
  to: Channel[]
  /** In the order of `groupings`. */
  by: Grouping[]
  waitMs: number
  intervalMs: number
  /** Undefined: never. */
  repeatMs: number | undefined
  tellsResolved: boolean
  language: Language
}

export interface Silence {
  dataset: string | undefined
  kind: string | undefined
  untilMs: number
}

export interface AlertPolicy {
  routes: Route[]
  silences: Silence[]
}

/** Where there is no policies/alerts.yaml. */
export const noAlerts: AlertPolicy = { routes: [], silences: [] }

/** The JSON Schema for editors, as `policies/alerts.schema.json` holds it. */
export function alertEditorSchema(): unknown {
  return { $schema: 'http://json-schema.org/draft-07/schema#', ...JSON.parse(JSON.stringify(alertFileShape)) }
}
