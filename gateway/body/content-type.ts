// Decides from a request's headers how its body is to be read. It never looks at the body to guess.

import type { Headers } from './body.ts'
import { RequestRefused } from './request-refused.ts'

/** How a body holds its events; CloudEvents in the three modes of their HTTP binding. */
export type BodyKind = 'json' | 'ndjson' | 'cloudevent' | 'cloudevent-batch' | 'cloudevent-binary'

const kinds: Record<string, BodyKind> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/cloudevents+json': 'cloudevent',
  'application/cloudevents-batch+json': 'cloudevent-batch',
}

/** What was probably meant by a type we do not take: the first line that matches. */
const nearest: [RegExp, string][] = [
  [/cloudevents-batch/, 'application/cloudevents-batch+json'],
  [/cloudevents/, 'application/cloudevents+json'],
  [/ndjson|jsonl|json-?lines|json-seq|stream\+json/, 'application/x-ndjson'],
  [/./, 'application/json'],
]

/** How to read the body. Throws `RequestRefused` 415, with the nearest content type that is taken. */
export function decideKind(headers: Headers): BodyKind {
  const header = String(headers['content-type'] ?? '')
  const [type = '', ...parameters] = header.split(';').map(part => part.trim().toLowerCase())
  const kind = Object.hasOwn(kinds, type) ? kinds[type]! : undefined
  if (kind === undefined) throw unsupported(fixOf(type))
  const charset = parameters.find(parameter => parameter.startsWith('charset='))
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw unsupported(`Encode the body as UTF-8 and send it as ${type}, without a charset.`)
  }
  if (headers['ce-specversion'] === undefined || kind.startsWith('cloudevent')) return kind
  if (kind === 'json') return 'cloudevent-binary'
  throw unsupported('A binary CloudEvent is one JSON event: use application/json, or leave out the ce- headers.')
}

function fixOf(type: string): string {
  const right = nearest.find(([pattern]) => pattern.test(type || 'none'))![1]
  if (type === 'application/x-www-form-urlencoded' || type === 'multipart/form-data') {
    return "Forms are not taken; curl sends one unless told otherwise: add -H 'content-type: application/json'."
  }
  return `Use content-type: ${right}.`
}

function unsupported(fix: string): RequestRefused {
  const detail = 'The content-type is not one that events can be read from.'
  return new RequestRefused({ status: 415, slug: 'unsupported-content-type', detail, fix })
}
