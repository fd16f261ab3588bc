// The lines of a command that files persons' requests: all of them are read, and held against what a request has to be,
// before the first is filed.

import { RequestRefused } from '../gateway/body/request-refused.ts'
import { compileShapes } from '../gateway/compile-shapes.ts'
import { askedBody, readAsked } from '../gateway/routes/rights-shapes.ts'
import { type ShapeError, tellShapeError } from '../gateway/tell-shape-error.ts'
import type { RightKind } from '../governance/subjects/rights-request.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../storage/json.ts'
import { UsageError } from './verb.ts'

const MAX_REQUESTS = 1_000

/** A request as a line says it. */
export interface Asked {
  /** From 1. */
  line: number
  body: JsonObject
}

/**
 * A line is `<type> <id>`, or the JSON of a request's body, whose members go before those said on the command line.
 * @throws UsageError for another one: which and why, never what it says
 */
export function readRequests(input: string, kind: RightKind, said: JsonObject): Asked[] {
  const lines = input.split('\n').map((text, i) => ({ line: i + 1, text: text.trim() }))
  const asked = lines
    .filter(({ text }) => text !== '')
    .map(({ line, text }) => ({ line, body: { ...said, ...readLine(line, text) } }))
  if (asked.length === 0) throw new UsageError('there is no line: write `<type> <id>` on standard input, or in a file')
  if (asked.length > MAX_REQUESTS) throw new UsageError(`at most ${MAX_REQUESTS} requests at a time`)
  if (asked.some(({ body }) => !body.reason)) throw new UsageError('say why: --reason TEXT')
  if (kind === 'objection' && asked.some(({ body }) => !body.purpose))
    throw new UsageError('say what they object to, word for word as the policy has it: --purpose TEXT')
  expectShape(asked, kind)
  return asked
}

function readLine(line: number, text: string): JsonObject {
  const named = /^([a-z][a-z0-9_-]*) (.+)$/.exec(text)
  if (named) return { subject: { type: named[1]!, id: named[2]! } }
  const body = parsed(text)
  if (isJsonObject(body)) return body
  throw new UsageError(`line ${line} is neither \`<type> <id>\`, such as \`customer 42\`, nor a JSON object`)
}

function parsed(text: string): JsonObject | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** By the very shapes that the gateway goes by. */
function expectShape(asked: Asked[], kind: RightKind): void {
  const schema = askedBody(kind)
  const fits = compileShapes()({ schema, method: 'POST', url: '', httpPart: 'body' })
  for (const { line, body } of asked) {
    const refuse = (why: string) => new UsageError(`line ${line}: ${why} Nothing was filed.`)
    const errors = fits(body) === true ? [] : ((fits.errors ?? []) as ShapeError[])
    const told = tellShapeError(errors, 'body', schema as unknown as JsonValue)
    if (told) throw refuse(`${told.detail} ${told.fix}`)
    if (errors[0]) throw refuse(`body${errors[0].instancePath} ${errors[0].message}.`)
    try {
      readAsked(kind, body)
    } catch (error) {
      throw error instanceof RequestRefused ? refuse(error.detail) : error
    }
  }
}
