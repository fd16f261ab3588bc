// What is declared: datasets with their contracts, schemas and policies, for producers and stewards to read.

import Type from 'typebox'
import { type Aggregate, rowLevel } from '../../governance/contract/aggregate.ts'
import type { LiveContract } from '../../governance/contract/catalogue.ts'
import { nearestSchemaVersion } from '../../governance/contract/name-schema-version.ts'
import { formatDuration } from '../../governance/contract/policy-parts.ts'
import { writtenWindow } from '../../governance/contract/read-measure.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findDataset, visibleDatasets } from '../find-dataset.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf, textAs } from '../shapes.ts'
import { PromisesShape, showPromises } from '../show-promises.ts'

const access = { action: 'describe', dataset: 'params' } as const

const SummaryShape = Type.Object({
  dataset: Type.String(),
  title: Type.String(),
  owner: Type.String(),
  steward: Type.String(),
  newest: Type.String({ description: 'The version an event gets that names none' }),
  coverage: Type.Object({ declared: Type.Integer(), classified: Type.Integer(), protected: Type.Integer() }),
})

const level = Type.String({ description: 'Who may read values of this level may see it' })

const AggregateShape = Type.Object({
  name: Type.String(),
  window: Type.Unknown({
    description: '{ tumbling: 1h }, { hopping: { size: 1h, every: 10m } } or { session: { gap: 30m } }',
  }),
  lateness: Type.String({ description: 'How long after a window’s end late events still count' }),
  retention: Type.String(),
  k: Type.Integer({ description: 'Persons a group must have to be shown' }),
  perPerson: Type.Boolean({ description: 'Groups may be single persons' }),
  level: Type.String({
    description:
      'The strictest of its group keys and conditions, confidential where rows are single persons: to see any row takes it',
  }),
  groupBy: Type.Array(Type.Object({ name: Type.String(), pointer: Type.String(), level })),
  join: Type.Optional(Type.Object({ reference: Type.String(), on: Type.String(), take: Type.Array(Type.String()) })),
  where: Type.Array(Type.Unknown({ description: 'Pointer and what must stand there' })),
  measures: Type.Array(
    Type.Object({
      name: Type.String(),
      kind: Type.String(),
      pointer: Type.Optional(Type.String()),
      parameters: Type.Record(Type.String(), Type.Unknown()),
      level,
    }),
  ),
})

const DatasetShape = Type.Object({
  ...SummaryShape.properties,
  purpose: Type.String(),
  legalBasis: Type.String(),
  review: Type.Optional(Type.Object({ every: Type.String(), last: Type.String() })),
  retention: Type.Object({ log: Type.String(), events: Type.String(), quarantine: Type.String(), lake: Type.String() }),
  subjects: Type.Array(Type.Object({ name: Type.String(), type: Type.String(), aliases: Type.Array(Type.String()) }), {
    description: 'The persons an event is about, the first one first: kind, and kinds of other names they go by',
  }),
  versions: Type.Array(Type.Object({ version: Type.String(), sha256: Type.String() })),
  policySha256: Type.String(),
  waiting: Type.Optional(
    Type.Object(
      { policySha256: Type.String(), reasons: Type.Array(Type.String()) },
      { description: 'An edit that weakens protection and waits for an approval' },
    ),
  ),
  fields: Type.Array(
    Type.Object({
      pointer: Type.String(),
      category: Type.Optional(Type.String()),
      level: Type.String(),
      action: Type.String(),
      source: Type.String(),
      of: Type.Optional(Type.String()),
      computed: Type.Optional(
        Type.Unknown({ description: 'Of a field that is not sent but computed: how, as the policy says it' }),
      ),
    }),
  ),
  quality: PromisesShape,
  aggregates: Type.Array(AggregateShape, { description: 'Statistics that are kept up to date while events arrive' }),
  references: Type.Array(Type.Object({ name: Type.String(), sha256: Type.String() }), {
    description: 'Reference tables that the aggregates join',
  }),
  sample: Type.Optional(Type.Unknown({ description: 'An event that is accepted' })),
  curl: Type.String({ description: 'A command that sends the sample' }),
})

const params = Type.Object({ dataset: Type.String() })

export function datasetsRoutes(app: Gateway, deps: GatewayDeps): void {
  app.get(
    '/v1/datasets',
    {
      config: { access: { action: 'describe' } },
      schema: {
        tags: ['datasets'],
        summary: 'All live datasets that the caller may see',
        response: answers(200, listOf(SummaryShape), 401, 403),
      },
    },
    async request => ({ items: visibleDatasets(deps, request.caller).map(summary), next: null }),
  )

  app.get(
    '/v1/datasets/:dataset',
    {
      config: { access },
      schema: {
        tags: ['datasets'],
        summary: 'A dataset’s contract',
        params,
        response: answers(200, DatasetShape, 401, 403, 404),
      },
    },
    async request => {
      const contract = findDataset(deps, request.caller, request.params.dataset)
      const edit = deps.catalogue.waiting().find(({ dataset }) => dataset === contract.dataset)
      const waiting = edit && { policySha256: edit.to.policySha256, reasons: edit.reasons }
      return { ...description(contract, `${request.protocol}://${request.host}`), ...(waiting && { waiting }) }
    },
  )

  app.get(
    '/v1/datasets/:dataset/schemas/:version',
    {
      config: { access },
      schema: {
        tags: ['datasets'],
        summary: 'A schema version, as registered',
        params: Type.Object({ dataset: Type.String(), version: Type.String() }),
        response: answers(200, textAs('application/schema+json', 'The schema file'), 401, 403, 404),
      },
    },
    async (request, reply) => {
      const contract = findDataset(deps, request.caller, request.params.dataset)
      const version = contract.versions.get(request.params.version)
      if (!version) throw versionUnknown(contract, request.params.version)
      return reply.type('application/schema+json').send(version.schemaText)
    },
  )

  app.get(
    '/v1/datasets/:dataset/policy',
    {
      config: { access },
      schema: {
        tags: ['datasets'],
        summary: 'The policy, as registered',
        params,
        response: answers(200, textAs('application/yaml', 'The policy file'), 401, 403, 404),
      },
    },
    async (request, reply) =>
      reply.type('application/yaml').send(findDataset(deps, request.caller, request.params.dataset).policyText),
  )
}

function summary(contract: LiveContract) {
  const { title, owner, steward } = contract.policy
  const { coverage } = contract.versions.get(contract.newest)!
  return { dataset: contract.dataset, title, owner, steward, newest: contract.newest, coverage }
}

function description(contract: LiveContract, url: string) {
  const { purpose, legalBasis, review, retention } = contract.policy
  return {
    ...summary(contract),
    purpose,
    legalBasis,
    ...(review ? { review } : {}),
    retention,
    subjects: contract.subjects.map(({ name, type, aliases }) => ({
      name,
      type,
      aliases: aliases.map(each => each.type),
    })),
    versions: [...contract.versions.values()].map(({ version, schemaSha256 }) => ({ version, sha256: schemaSha256 })),
    policySha256: contract.policySha256,
    fields: contract.versions
      .get(contract.newest)!
      .fields.map(({ pointer, category, level, actionName, source, of, computed }) => ({
        pointer,
        ...(category === undefined ? {} : { category }),
        level,
        action: actionName,
        source,
        ...(of === undefined ? {} : { of }),
        ...(computed === undefined ? {} : { computed }),
      })),
    quality: showPromises(contract.quality),
    aggregates: contract.aggregates.map(shownAggregate),
    references: [...contract.references.values()].map(({ name, sha256 }) => ({ name, sha256 })),
    ...(contract.sample === undefined ? {} : { sample: contract.sample }),
    curl: curlOf(contract, url),
  }
}

/** With times as a policy writes them. */
function shownAggregate(aggregate: Aggregate) {
  const { latenessMs, retentionMs, ...rest } = aggregate
  return {
    ...rest,
    window: writtenWindow(aggregate.window),
    lateness: formatDuration(latenessMs),
    retention: formatDuration(retentionMs),
    level: rowLevel(aggregate),
  }
}

/** The sample travels through standard input: it may hold any quote. */
function curlOf({ dataset, sample }: LiveContract, url: string): string {
  return [
    `curl -sS ${url}/v1/datasets/${dataset}/events -H "authorization: Bearer $ECLUSE_API_KEY" -H 'content-type: application/json' --data-binary @- <<'EVENT'`,
    JSON.stringify(sample ?? {}),
    'EVENT',
  ].join('\n')
}

function versionUnknown(contract: LiveContract, version: string): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'schema-version-unknown',
    detail: `${contract.dataset} has no such schema version.`,
    fix: nearestSchemaVersion(contract, version),
  })
}
