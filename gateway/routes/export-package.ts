// The package of a finished export, to be handed to the person: recorded before its first byte.

import { Readable } from 'node:stream'
import Type from 'typebox'
import { RequestRefused } from '../body/request-refused.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers } from '../shapes.ts'

const PATH = '/v1/export-requests'

export function exportPackageRoute(app: Gateway, { requests, packages, audit }: GatewayDeps): void {
  app.get(
    `${PATH}/:id/package`,
    {
      config: { access: { action: 'export', dataset: '*' } },
      schema: {
        tags: ['rights'],
        summary: 'What is stored of a person, as a signed zip; recorded',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: answers(200, zipShape, 401, 403, 404, 409, 410),
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const filed = (await requests.get(id))?.body
      if (filed?.kind !== 'export') throw noSuchPackage('There is no export request of this id.')
      if (filed.state !== 'done') throw notFinished()
      if (filed.outcome?.packageUntil === null) throw noSuchPackage('Nothing is stored of whom this request is about.')
      const opened = await packages.open(id)
      if (!opened) throw packageGone()
      const pieces = opened.read()
      // Before anything is recorded or answered: what can be said of a piece that is missing is said as a problem.
      const first = await pieces.next()
      await audit.record(
        ...opened.persons.map(person => ({
          kind: 'package-read' as const,
          actor: request.caller.id,
          request: id,
          about: { person },
        })),
      )
      return reply
        .type('application/zip')
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="ecluse-export-${id}.zip"`)
        .header('content-length', opened.size)
        .send(Readable.from(withFirst(first, pieces), { objectMode: false }))
    },
  )
}

const zipShape = {
  description: 'index.html to read, data.json and CSV for machines, manifest.json signed',
  content: { 'application/zip': { schema: Type.String({ format: 'binary' }) } },
}

async function* withFirst(first: IteratorResult<Buffer, void>, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (!first.done) yield first.value
  yield* rest
}

function noSuchPackage(detail: string): RequestRefused {
  return new RequestRefused({ status: 404, slug: 'not-found', detail, fix: `GET ${PATH} lists what there is.` })
}

function notFinished(): RequestRefused {
  return new RequestRefused({
    status: 409,
    slug: 'conflict',
    detail: 'The export is not finished, or failed.',
    fix: `GET ${PATH}/{id} shows how far it is.`,
  })
}

function packageGone(): RequestRefused {
  return new RequestRefused({
    status: 410,
    slug: 'package-gone',
    detail: 'The package of this export can be fetched no more: its time is over, or its person was erased.',
    fix: `File another export request: POST ${PATH}.`,
  })
}
