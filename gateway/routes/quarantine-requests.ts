// What stewards have done to rejected events: replayed once a contract was mended, or discarded. Filed here, worked on by
// processors, answered at once where that takes a moment only.

import { setTimeout as sleep } from 'node:timers/promises'
import Type, { type TSchema } from 'typebox'
import { v7 as uuidV7 } from 'uuid'
import type { LiveContract } from '../../governance/contract/catalogue.ts'
import { nearestSchemaVersion, schemaVersionOf } from '../../governance/contract/name-schema-version.ts'
import { fileRequest } from '../../governance/subjects/file-request.ts'
import {
  type AskedDiscard,
  type AskedReplay,
  discardOutcomes,
  MAX_NAMED_ENTRIES,
  replayOutcomes,
} from '../../governance/subjects/quarantine-request.ts'
import type { HeldRequest } from '../../governance/subjects/request-store.ts'
import type { QuarantineKind, StoredRequest } from '../../governance/subjects/rights-request.ts'
import type { JsonObject } from '../../storage/json.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findDataset } from '../find-dataset.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'
import { requestParams, requestProgressRoute } from './request-progress.ts'

/** How long a call waits for what it asked for, and how often it looks, ms. */
const WAIT_MS = 5_000
const LOOK_MS = 100

const closed = { additionalProperties: false }
const entries = {
  cause: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_024, description: 'All entries of a cause; either this or ids' }),
  ),
  ids: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
      minItems: 1,
      maxItems: MAX_NAMED_ENTRIES,
      description: 'Ids of entries',
    }),
  ),
}
const bodies = {
  replay: Type.Object(
    {
      ...entries,
      dryRun: Type.Optional(Type.Boolean({ description: 'Only counts what would become of them' })),
      schema: Type.Optional(
        Type.String({
          maxLength: 255,
          description: 'A live schema version to check all of them against, whichever they name',
        }),
      ),
    },
    closed,
  ),
  discard: Type.Object(
    {
      ...entries,
      reason: Type.String({
        pattern: '^[^\\p{C}]{3,200}$',
        description: 'Stands in the audit as it is, so it must not name a person',
      }),
    },
    closed,
  ),
}

const nullable = (shape: TSchema, description: string) => Type.Union([shape, Type.Null()], { description })
const text = Type.String()
const countsShape = (outcomes: Record<string, string>) =>
  nullable(
    Type.Object(
      Object.fromEntries(
        Object.entries(outcomes).map(([outcome, description]) => [outcome, Type.Integer({ description })]),
      ),
    ),
    'Entries by outcome, once it is done',
  )

const common = {
  id: text,
  dataset: text,
  cause: nullable(text, 'Whose entries'),
  ids: nullable(Type.Array(text), 'Which entries'),
  state: Type.String({ description: 'queued, running, blocked, done, failed' }),
  total: Type.Integer({ description: 'Entries there were when it was filed' }),
  done: Type.Integer({ description: 'Entries gone over so far' }),
  because: nullable(text, 'Why it waits, or failed'),
  createdAt: text,
  createdBy: Type.String({ description: 'Id of the caller who filed it' }),
  finishedAt: nullable(text, 'RFC 3339'),
}
const shapes = {
  replay: Type.Object({
    ...common,
    counts: countsShape(replayOutcomes),
    dryRun: Type.Boolean(),
    schema: nullable(text, 'The schema version asked for; once it is done, the one that events naming none met'),
    policy: nullable(text, 'The policy it was done under, once it is'),
  }),
  discard: Type.Object({
    ...common,
    counts: countsShape(discardOutcomes),
    reason: text,
    logUntil: nullable(text, 'When the last sealed copy is gone from the log, once it is done'),
  }),
}
const summaries = {
  replay: 'Have rejected events governed anew and accepted, or count what would become of them',
  discard: 'Have rejected events destroyed',
}

export function quarantineRequestsRoutes(app: Gateway, deps: GatewayDeps): void {
  routesOf(app, deps, 'replay', (body: AskedReplay, contract) => ({
    dryRun: body.dryRun === true,
    ...(body.schema !== undefined && { schema: liveVersion(contract, body.schema) }),
  }))
  routesOf(app, deps, 'discard', (body: AskedDiscard) => ({ reason: body.reason }))
}

function routesOf<Body extends AskedReplay | AskedDiscard>(
  app: Gateway,
  deps: GatewayDeps,
  kind: QuarantineKind,
  readBody: (body: Body, contract: LiveContract) => JsonObject,
): void {
  const { requests, documents, access } = deps
  const path = `/v1/quarantine/${kind}s`
  const tags = ['quarantine']
  const shape = shapes[kind]
  const dataset = Type.String({ description: 'Needed: name the dataset' })

  app.post(
    path,
    {
      config: { access: { action: kind, dataset: 'query' } },
      schema: {
        tags,
        summary: summaries[kind],
        description: `Answered 200 with counts where it is done within ${WAIT_MS / 1_000} seconds, else 202: it goes on by itself, and Location shows how far it is.`,
        querystring: Type.Object({ dataset }, closed),
        body: bodies[kind],
        response: { 200: shape, ...answers(202, shape, 400, 401, 403, 404, 422) },
      },
    },
    async (request, reply) => {
      const body = request.body as unknown as Body
      const contract = findDataset(deps, request.caller, request.query.dataset)
      const named = await readEntries(contract.dataset, body)
      const asked = { ...named, ...readBody(body, contract) }
      const about = { dataset: contract.dataset, asked }
      const filed = await fileRequest(
        deps,
        { id: uuidV7(), kind, actor: request.caller.id, about },
        { subjects: [], reason: '', requester: '', details: asked },
      )
      const seen = await waitFor(filed)
      reply.header('location', `${path}/${filed.id}`)
      return reply.code((seen.finishedAt === null ? 202 : 200) as 200).send(shown(seen) as never)
    },
  )

  app.get(
    path,
    {
      config: { access: { action: 'quarantine', dataset: 'query' } },
      schema: {
        tags,
        summary: `What was filed: ${kind}s, newest first`,
        querystring: Type.Object({ dataset, ...pageQuery }, closed),
        response: answers(200, listOf(shape), 400, 401, 403, 404),
      },
    },
    request =>
      findPage(documents, {
        collection: 'requests',
        where: { kind, dataset: findDataset(deps, request.caller, request.query.dataset).dataset },
        sortBy: 'createdAt',
        limit: request.query.limit,
        cursor: request.query.cursor,
        show: body => shown(body as unknown as StoredRequest),
      }) as never,
  )

  const config = { access: { action: 'quarantine' } } as const
  app.get(
    `${path}/:id`,
    {
      config,
      schema: { tags, summary: 'How far it is', params: requestParams, response: answers(200, shape, 401, 403, 404) },
    },
    async request => shown((await find(request.caller, request.params.id)).body) as never,
  )

  requestProgressRoute(app, deps, { path, tags, config, find, shown })

  /** Whose dataset the caller may not see does not exist for it. */
  async function find(caller: Parameters<typeof findDataset>[1], id: string): Promise<HeldRequest> {
    const held = await requests.get(id)
    if (held?.body.kind === kind && access.current().may(caller, 'quarantine', held.body.dataset!)) return held
    throw new RequestRefused({
      status: 404,
      slug: 'not-found',
      detail: `There is no ${kind} of this id.`,
      fix: `GET ${path}?dataset=… lists what there is.`,
    })
  }

  async function readEntries(name: string, { cause, ids }: Body): Promise<JsonObject> {
    if ((cause === undefined) === (ids === undefined)) throw neitherNorBoth()
    if (ids) {
      const distinct = [...new Set(ids)]
      return { ids: distinct, total: distinct.length }
    }
    const [counted] = await documents.countBy('quarantine', 'cause', {
      where: { dataset: name, cause: cause! },
      limit: 1,
    })
    return { cause: cause!, total: counted?.count ?? 0 }
  }

  async function waitFor(filed: StoredRequest): Promise<StoredRequest> {
    const endMs = performance.now() + WAIT_MS
    for (let seen = filed; ; seen = (await requests.get(filed.id))?.body ?? seen) {
      if (seen.finishedAt !== null || performance.now() > endMs || deps.draining?.aborted) return seen
      await sleep(LOOK_MS)
    }
  }
}

function shown({ id, kind, dataset, asked, state, because, createdAt, createdBy, finishedAt, ...held }: StoredRequest) {
  const { cause = null, ids = null, total, ...own } = asked as unknown as AskedReplay & AskedDiscard
  const done = held.holders.find(({ name }) => name === 'quarantine')?.records ?? 0
  const { counts = null, ...told } = held.outcome ?? {}
  const open = kind === 'replay' ? { schema: null, policy: null } : { logUntil: null }
  const basics = { id, dataset: dataset!, cause, ids, state, total, done, because, createdAt, createdBy, finishedAt }
  return { ...basics, counts, ...open, ...own, ...told }
}

/** @throws RequestRefused 422 for a version that is not live */
function liveVersion(contract: LiveContract, named: string): string {
  const version = schemaVersionOf(named, contract.dataset)
  if (contract.versions.has(version)) return version
  throw new RequestRefused({
    status: 422,
    slug: 'schema-version-unknown',
    detail: `\`schema\` names no registered version of ${contract.dataset}.`,
    fix: nearestSchemaVersion(contract, version),
  })
}

function neitherNorBoth(): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'Exactly one of cause and ids says which rejected events are meant.',
    fix: 'Send {"cause":"/montant type"}, as GET /v1/quarantine/causes names it, or {"ids":["…"]}.',
  })
}
