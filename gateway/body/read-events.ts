// A request becomes events: each with its own bytes and either its value or what is wrong with it. One bad event never
// hides the others; only a body that cannot be told apart into events is refused.

import type { IncomingEvent, ReadEvent } from '../../governance/ingestion/incoming-event.ts'
import { parseEnvelope } from '../../governance/ingestion/parse-envelope.ts'
import { parseStrict } from '../../governance/ingestion/strict-json.ts'
import { readBinaryAttributes } from './binary-attributes.ts'
import type { Body } from './body.ts'
import { type BodyKind, decideKind } from './content-type.ts'
import { splitLines } from './ndjson.ts'
import { readBody, readChunks } from './read-body.ts'
import { type BodyShape, bodyEmpty, splitEvents } from './split-events.ts'

type ParseEvent = (raw: Buffer, depth?: number) => ReadEvent

const shapes: Record<Exclude<BodyKind, 'ndjson'>, BodyShape> = {
  json: 'either',
  cloudevent: 'object',
  'cloudevent-batch': 'array',
  'cloudevent-binary': 'object',
}

/**
 * The events of a request, in order, in groups of at most `chunkEvents`. NDJSON is read as it comes; any other body is
 * whole, and its frame sound, before its first event is given.
 * Throws `RequestRefused` or `RequestAborted`; for NDJSON, after the events before.
 */
export async function* readEvents(body: Body): AsyncGenerator<IncomingEvent[]> {
  const { limits } = body
  const kind = decideKind(body.headers)
  const parse = parserOf(kind, body)
  if (kind === 'ndjson') {
    let first = 0
    for await (const lines of splitLines(readChunks(body, limits.lineBytes), limits)) {
      yield lines.map((raw, at) => ({ index: first + at, raw, ...parse(raw) }))
      first += lines.length
    }
    if (first === 0) throw bodyEmpty()
    return
  }
  const bytes = await readBody(body)
  const spans = splitEvents(bytes, limits, shapes[kind])
  for (let first = 0; first < spans.length; first += limits.chunkEvents) {
    yield spans.slice(first, first + limits.chunkEvents).map((span, at) => {
      const raw = bytes.subarray(span.start, span.end)
      return { index: first + at, raw, ...parse(raw, span.depth) }
    })
  }
}

function parserOf(kind: BodyKind, { headers, limits }: Body): ParseEvent {
  if (kind === 'json' || kind === 'ndjson') return (raw, depth) => parseStrict(raw, limits, depth)
  if (kind === 'cloudevent-binary') {
    const read = readBinaryAttributes(headers)
    if (read.violation) return () => read
    return (raw, depth) => ({ ...parseStrict(raw, limits, depth), attributes: read.attributes })
  }
  return (raw, depth) => parseEnvelope(raw, limits, depth)
}
