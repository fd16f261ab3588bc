// Persons' requests, and those to protect a dataset anew: filed by who answers for data protection, worked on by
// processors, watched here. Raw ids travel in bodies only.

import Type from 'typebox'
import { v7 as uuidV7 } from 'uuid'
import type { AccessAction } from '../../governance/access/access-action.ts'
import { extendRequest, fileRequest, type NotExtended } from '../../governance/subjects/file-request.ts'
import { declaredKinds, findAsked, RequestFailed, UnknownKind } from '../../governance/subjects/find-asked.ts'
import type { HeldRequest } from '../../governance/subjects/request-store.ts'
import { type FiledKind, filedKinds, type StoredRequest } from '../../governance/subjects/rights-request.ts'
import type { JsonObject } from '../../storage/json.ts'
import { RequestRefused } from '../body/request-refused.ts'
import { findDataset } from '../find-dataset.ts'
import { findPage } from '../find-page.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, listOf, pageQuery, textAs } from '../shapes.ts'
import { requestDetailsRoute } from './request-details.ts'
import { requestParams, requestProgressRoute } from './request-progress.ts'
import { type AskedContent, askedBody, RequestShape, readAsked, shownRequest, unknownKind } from './rights-shapes.ts'

const actionOf: Record<FiledKind, AccessAction> = {
  erasure: 'erase',
  export: 'export',
  rectification: 'rectify',
  restriction: 'restrict',
  objection: 'object',
  reprotection: 'reprotect',
}

export function rightsRequestsRoutes(app: Gateway, deps: GatewayDeps): void {
  for (const kind of filedKinds) routesOf(app, deps, kind)
}

function routesOf(app: Gateway, deps: GatewayDeps, kind: FiledKind): void {
  const { requests, documents } = deps
  const path = `/v1/${kind}-requests`
  const tags = [kind === 'reprotection' ? 'policies' : 'rights']
  const config = { access: { action: actionOf[kind], dataset: '*' as const } }

  app.post(
    path,
    {
      config,
      schema: {
        tags,
        summary: `Files a request: ${kind}`,
        body: askedBody(kind),
        response: answers(202, RequestShape, 400, 401, 403, ...(kind === 'reprotection' ? ([404] as const) : [])),
      },
    },
    async (request, reply) => {
      if (kind === 'reprotection')
        findDataset(deps, request.caller, (request.body as unknown as { dataset: string }).dataset)
      const asked = readAsked(kind, request.body as JsonObject)
      await expectKinds(deps, asked)
      const filed = await fileRequest(deps, { id: uuidV7(), kind, actor: request.caller.id }, asked)
      return reply.code(202).header('location', `${path}/${filed.id}`).send(shownRequest(filed))
    },
  )

  app.get(
    path,
    {
      config,
      schema: {
        tags,
        summary: 'Requests of this kind, newest first',
        querystring: Type.Object(pageQuery, { additionalProperties: false }),
        response: answers(200, listOf(RequestShape), 400, 401, 403),
      },
    },
    request =>
      findPage(documents, {
        collection: 'requests',
        where: { kind },
        sortBy: 'createdAt',
        limit: request.query.limit,
        cursor: request.query.cursor,
        show: body => shownRequest(body as unknown as StoredRequest),
      }),
  )

  app.get(
    `${path}/:id`,
    {
      config,
      schema: {
        tags,
        summary: 'A request and how far it is',
        params: requestParams,
        response: answers(200, RequestShape, 401, 403, 404),
      },
    },
    async request => shownRequest((await find(request.params.id)).body),
  )

  if (kind !== 'reprotection')
    app.post(
      `${path}/:id/extensions`,
      {
        config,
        schema: {
          tags,
          summary: 'Two more months, for a reason',
          params: requestParams,
          body: Type.Object(
            { reason: Type.String({ minLength: 1, maxLength: 2_000, description: 'Why the month is not enough' }) },
            { additionalProperties: false },
          ),
          response: answers(200, RequestShape, 400, 401, 403, 404, 409),
        },
      },
      async request => {
        const extended = await extendRequest(deps, await find(request.params.id), {
          actor: request.caller.id,
          reason: request.body.reason,
        })
        if (typeof extended === 'object') return shownRequest(extended)
        throw notExtended(extended)
      },
    )

  const route = { path, tags, config, find: (_caller: unknown, id: string) => find(id) }
  requestProgressRoute(app, deps, { ...route, shown: shownRequest })
  if (kind !== 'reprotection') requestDetailsRoute(app, deps, route)

  if (kind === 'erasure')
    app.get(
      `${path}/:id/certificate`,
      {
        config,
        schema: {
          tags,
          summary: 'The signed certificate of an erasure',
          params: requestParams,
          response: answers(200, textAs('application/json', 'One line of signed, canonical JSON'), 401, 403, 404, 409),
        },
      },
      async (request, reply) => {
        const { certificate } = (await find(request.params.id)).body
        if (certificate !== null) return reply.type('application/json').send(certificate)
        throw new RequestRefused({
          status: 409,
          slug: 'conflict',
          detail: 'The erasure is not finished.',
          fix: `GET ${path}/{id} shows how far it is.`,
        })
      },
    )

  async function find(id: string): Promise<HeldRequest> {
    const held = await requests.get(id)
    if (held?.body.kind === kind) return held
    throw new RequestRefused({
      status: 404,
      slug: 'not-found',
      detail: `There is no ${kind} request of this id.`,
      fix: `GET ${path} lists what there is.`,
    })
  }
}

/**
 * Before anything is filed that would come to nothing. Who is asked for by a kind that is declared is not looked up.
 * @throws RequestRefused 400 for a kind that no live policy names, unless somebody of it is known
 */
async function expectKinds({ vault, ring, catalogue }: GatewayDeps, asked: AskedContent): Promise<void> {
  const { subjects, alias } = asked
  const declared = declaredKinds(catalogue.all())
  const { persons, aliases } = declared
  if (subjects.every(({ type }) => persons.includes(type)) && (!alias || aliases.includes(alias.type))) return
  await findAsked(vault, ring, asked, declared).catch(error => {
    if (error instanceof UnknownKind) throw unknownKind(error)
    // What else stands against it is told by the request.
    if (!(error instanceof RequestFailed)) throw error
  })
}

function notExtended(because: NotExtended): RequestRefused {
  const isLate = because === 'late'
  return new RequestRefused({
    status: 409,
    slug: 'conflict',
    detail: isLate ? 'The month is over.' : 'This request is finished, or was extended already.',
    fix: isLate
      ? 'The person has to be told of an extension within the month (GDPR art. 12.3): carry the request out, and tell them why it is late.'
      : 'A request can be extended once, by two months, while it is open.',
  })
}
