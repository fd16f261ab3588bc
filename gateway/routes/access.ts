// Who am I, what may I do; and the API keys, for those who run Écluse. A key is shown once, and making or revoking one
// stands in the audit before it is answered.

import Type from 'typebox'
import { datasetActions, globalActions } from '../../governance/access/access-action.ts'
import type { Caller } from '../../governance/access/caller.ts'
import { matrixOf } from '../../governance/access/print-matrix.ts'
import { roleNames } from '../../governance/access/roles.ts'
import { DATASET_PATTERN } from '../../governance/contract/policy.ts'
import type { Credential } from '../../storage/vault/vault.ts'
import { KEY_NAME_PATTERN, MAX_KEY_DAYS, makeApiKey } from '../authenticate.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { visibleDatasets } from '../find-dataset.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf } from '../shapes.ts'

const MAX_DATASETS = 1_000

const RoleShape = Type.Union(roleNames.map(role => Type.Literal(role)))

const MeShape = Type.Object({
  id: Type.String(),
  kind: Type.String({ description: 'api-key or jwt' }),
  roles: Type.Array(Type.String()),
  datasets: Type.Array(Type.String(), { description: 'What the credential covers; `*` is all' }),
  actions: Type.Array(Type.String(), { description: 'On all datasets at once' }),
  access: Type.Array(
    Type.Object({
      dataset: Type.String(),
      actions: Type.Array(Type.String()),
      read: Type.Array(Type.String(), { description: 'Levels of the fields that may be read as they are stored' }),
      readClear: Type.Array(Type.String(), { description: 'And in the clear, for a stated purpose' }),
    }),
    { description: 'By live dataset; those without any right are left out' },
  ),
})

const keyMembers = {
  id: Type.String(),
  name: Type.String(),
  roles: Type.Array(Type.String()),
  datasets: Type.Array(Type.String()),
  createdAt: Type.String(),
  expiresAt: Type.Union([Type.String(), Type.Null()]),
}
const KeyShape = Type.Object(keyMembers)
const NewKeyShape = Type.Object({ ...keyMembers, apiKey: Type.String({ description: 'Shown this once' }) })

const KeyRequestShape = Type.Object(
  {
    name: Type.String({ minLength: 1, pattern: KEY_NAME_PATTERN, description: 'What people call it' }),
    roles: Type.Array(RoleShape, { minItems: 1, uniqueItems: true }),
    datasets: Type.Array(Type.Union([Type.Literal('*'), Type.String({ pattern: DATASET_PATTERN })]), {
      minItems: 1,
      maxItems: MAX_DATASETS,
      uniqueItems: true,
    }),
    days: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_KEY_DAYS, description: 'For ever if not given' })),
  },
  { additionalProperties: false },
)

const RightsShape = Type.Object({
  role: Type.String(),
  actions: Type.Array(Type.String()),
  read: Type.Array(Type.String()),
  readClear: Type.Array(Type.String()),
})

const MatrixShape = Type.Object({
  datasets: Type.Array(Type.Object({ dataset: Type.String(), roles: Type.Array(RightsShape) })),
  all: Type.Array(RightsShape, { description: 'On all datasets at once' }),
})

const administer = { access: { action: 'administer', dataset: '*' } } as const

export function accessRoutes(app: Gateway, deps: GatewayDeps): void {
  const { vault, audit, now } = deps

  app.get(
    '/v1/access/me',
    {
      config: { access: {} },
      schema: { tags: ['access'], summary: 'Who am I, and what may I do?', response: answers(200, MeShape, 401) },
    },
    async request => whoIs(deps, request.caller),
  )

  app.get(
    '/v1/access/matrix',
    {
      config: { access: { action: 'describe' } },
      schema: {
        tags: ['access'],
        summary: 'Who may what: each role, on the datasets that the caller may see',
        response: answers(200, MatrixShape, 401, 403),
      },
    },
    async request => {
      const names = visibleDatasets(deps, request.caller).map(({ dataset }) => dataset)
      const { '*': all, ...rest } = matrixOf(deps.access.current(), names)
      return { datasets: names.map(dataset => ({ dataset, roles: rest[dataset]! })), all: all! }
    },
  )

  app.get(
    '/v1/access/keys',
    {
      config: administer,
      schema: {
        tags: ['access'],
        summary: 'All API keys, without their secrets',
        response: answers(200, listOf(KeyShape), 401, 403),
      },
    },
    async () => ({ items: (await vault.listCredentials()).map(shown), next: null }),
  )

  app.post(
    '/v1/access/keys',
    {
      config: administer,
      schema: {
        tags: ['access'],
        summary: 'Make an API key',
        body: KeyRequestShape,
        response: answers(201, NewKeyShape, 400, 401, 403),
      },
    },
    async (request, reply) => {
      const { apiKey, credential } = makeApiKey({ ...request.body, nowMs: now() })
      const { id, roles, datasets } = credential
      const { expiresAt } = shown(credential)
      const details = { key: id, roles, datasets, expiresAt }
      await audit.record({ kind: 'key-made', actor: request.caller.id, details })
      await vault.putCredential(credential)
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...shown(credential), apiKey })
    },
  )

  app.delete(
    '/v1/access/keys/:id',
    {
      config: administer,
      schema: {
        tags: ['access'],
        summary: 'Revoke an API key: gateways notice within a lease',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: answers(204, Type.Null(), 401, 403, 404),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      if (!(await vault.findCredential(id))) throw noSuchKey()
      await audit.record({ kind: 'key-revoked', actor: request.caller.id, details: { key: id } })
      await vault.deleteCredential(id)
      return reply.code(204).send(null)
    },
  )
}

function whoIs({ access: live, catalogue }: GatewayDeps, caller: Caller) {
  const access = live.current()
  const rights = catalogue.all().map(({ dataset }) => {
    const { read, clear } = access.mask(caller, dataset)
    const actions = datasetActions.filter(action => access.may(caller, action, dataset))
    return { dataset, actions, read: [...read], readClear: [...clear] }
  })
  return {
    ...caller,
    actions: globalActions.filter(action => access.may(caller, action, '*')),
    access: rights.filter(({ actions, read }) => actions.length + read.length > 0),
  }
}

function shown({ id, name, roles, datasets, createdAtMs, expiresAtMs }: Credential) {
  const createdAt = new Date(createdAtMs).toISOString()
  return { id, name, roles, datasets, createdAt, expiresAt: expiresAtMs && new Date(expiresAtMs).toISOString() }
}

function noSuchKey(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'There is no API key of this id.',
    fix: 'GET /v1/access/keys lists them.',
  })
}
