// The quarantine: why events were rejected, never what was in them.

import Type from 'typebox'
import type { Filter } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import { isLeft, type StoredQuarantine } from '../../storage/stored-quarantine.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findDataset } from '../find-dataset.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { listCauses } from '../list-causes.ts'
import { answers, listOf, pageQuery } from '../shapes.ts'

const MAX_CAUSES = 1_000

const EntryShape = Type.Object({
  id: Type.String(),
  dataset: Type.String(),
  receivedAt: Type.String(),
  expiresAt: Type.String({ description: 'The original is destroyed then' }),
  cause: Type.String(),
  schema: Type.String(),
  policy: Type.String(),
  errors: Type.Array(
    Type.Object({ pointer: Type.String(), keyword: Type.String(), detail: Type.String(), fix: Type.String() }),
  ),
  sealedBy: Type.String({
    description:
      'person: the keys of the first person and of all others in it who were known; day: the dataset’s key of that day, and those of the others',
  }),
})

const CauseShape = Type.Object({
  cause: Type.String({ description: 'Pointer and keyword of the first error' }),
  count: Type.Integer(),
  firstSeen: Type.String({ description: 'When the oldest of them was received' }),
  lastSeen: Type.String(),
  schemas: Type.Array(Type.String(), { description: 'Schema versions that examples were checked against' }),
  fix: Type.String({ description: 'What its producer was told to do' }),
  examples: Type.Array(Type.String(), { description: 'Ids of entries, newest first' }),
  mayPassNow: Type.Boolean({
    description: 'Whether the live contract says something else by now about this error: a dry run tells for certain',
  }),
})

const dataset = Type.String({ description: 'Needed: name the dataset' })

export function quarantineRoutes(app: Gateway, deps: GatewayDeps): void {
  const { documents, access } = deps
  app.get(
    '/v1/quarantine',
    {
      config: { access: { action: 'quarantine', dataset: 'query' } },
      schema: {
        tags: ['quarantine'],
        summary: 'Rejected events, newest first',
        querystring: Type.Object(
          { dataset, cause: Type.Optional(Type.String({ maxLength: 1_024 })), ...pageQuery },
          { additionalProperties: false },
        ),
        response: answers(200, listOf(EntryShape), 400, 401, 403, 404),
      },
    },
    async request => {
      const { cause, limit, cursor } = request.query
      const where: Filter = { dataset: findDataset(deps, request.caller, request.query.dataset).dataset }
      if (cause !== undefined) where.cause = cause
      return findPage(documents, { collection: 'quarantine', where, sortBy: 'receivedAt', limit, cursor, show: shown })
    },
  )

  app.get(
    '/v1/quarantine/causes',
    {
      config: { access: { action: 'quarantine', dataset: 'query' } },
      schema: {
        tags: ['quarantine'],
        summary: 'Why events were rejected, with counts',
        querystring: Type.Object({ dataset }, { additionalProperties: false }),
        response: answers(200, listOf(CauseShape), 400, 401, 403, 404),
      },
    },
    async request => {
      const live = findDataset(deps, request.caller, request.query.dataset)
      return { items: await listCauses(documents, live, MAX_CAUSES), next: null }
    },
  )

  app.get(
    '/v1/quarantine/:id',
    {
      config: { access: { action: 'quarantine' } },
      schema: {
        tags: ['quarantine'],
        summary: 'One rejected event',
        params: Type.Object({ id: Type.String() }),
        response: answers(200, EntryShape, 401, 403, 404),
      },
    },
    async request => {
      const found = await documents.get('quarantine', request.params.id)
      // Whose dataset the caller may not see does not exist for it.
      if (!found || isLeft(found.body)) throw noSuchEntry()
      if (!access.current().may(request.caller, 'quarantine', found.body.dataset as string)) throw noSuchEntry()
      return shown(found.body, found.expiresAtMs)
    },
  )
}

function shown(body: JsonObject, expiresAtMs: number | null) {
  const {
    sealed: _,
    position: _p,
    request: _r,
    outcome: _o,
    alsoSealedBy: _a,
    ...entry
  } = body as unknown as StoredQuarantine
  // Every entry has an end: whoever carried it here gave it one.
  return { ...entry, sealedBy: entry.sealedBy.by, expiresAt: new Date(expiresAtMs!).toISOString() }
}

export function noSuchEntry(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'The quarantine has no such entry.',
    fix: 'It may have been replayed or discarded, or have reached the end of its retention; GET /v1/quarantine?dataset=… lists what there is.',
  })
}
