// NDJSON as one reads it without further thought: the whole body as text, a JSON.parse for each line.

import type { FastifyInstance } from 'fastify'

export function acceptNdjson(app: FastifyInstance): void {
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'string' }, (_request, body, done) => {
    try {
      const lines = (body as string).split('\n').filter(line => line !== '')
      done(
        null,
        lines.map(line => JSON.parse(line)),
      )
    } catch (error) {
      done(error as Error)
    }
  })
}
