// What a steward does to a quarantine over HTTP; and a schema that is mended by a version of its own.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ListedCause } from '../gateway/list-causes.ts'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import type { EcluseProcess } from './spawn-ecluse.ts'

const DONE_MS = 120_000

const { details: _, ...plain } = transaction()

/** A valid transaction of its own, and of somebody new, without what was bought. */
export const sale = (changes: JsonObject = {}, person: string = randomUUID()): JsonObject => ({
  ...plain,
  utilisateur: { ...(plain.utilisateur as JsonObject), idUtilisateur: person },
  id_transaction: randomUUID(),
  ...changes,
})

export const idOf = (event: JsonObject) => event.id_transaction as string

export interface Done {
  id: string
  state: string
  total: number
  done: number
  because: string | null
  counts: Record<string, number>
  schema: string | null
  logUntil: string | null
}

export async function causes(ecluse: EcluseProcess, dataset = 'transactions'): Promise<ListedCause[]> {
  await ecluse.settled()
  const answer = await ecluse.call('data-steward', `/v1/quarantine/causes?dataset=${dataset}`)
  return ((await answer.json()) as { items: ListedCause[] }).items
}

/** How many there are, by cause. */
export async function countCauses(ecluse: EcluseProcess, dataset = 'transactions'): Promise<Record<string, number>> {
  return Object.fromEntries((await causes(ecluse, dataset)).map(({ cause, count }) => [cause, count]))
}

export async function entries(ecluse: EcluseProcess, cause: string, dataset = 'transactions'): Promise<string[]> {
  const answer = await ecluse.call(
    'data-steward',
    `/v1/quarantine?dataset=${dataset}&cause=${encodeURIComponent(cause)}&limit=1000`,
  )
  return ((await answer.json()) as { items: { id: string }[] }).items.map(({ id }) => id)
}

export function file(
  ecluse: EcluseProcess,
  kind: 'replays' | 'discards',
  body: JsonObject,
  { role = 'data-steward', dataset = 'transactions' } = {},
): Promise<Response> {
  return ecluse.call(role, `/v1/quarantine/${kind}?dataset=${dataset}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

/** Files it, and waits for its end. */
export async function carryOut(
  ecluse: EcluseProcess,
  kind: 'replays' | 'discards',
  body: JsonObject,
  dataset = 'transactions',
): Promise<Done> {
  const filed = await file(ecluse, kind, body, { dataset })
  assert.ok([200, 202].includes(filed.status), await filed.clone().text())
  const done = await ended(ecluse, filed.headers.get('location')!)
  assert.equal(done.state, 'done', done.because ?? '')
  return done
}

/** The request once it is at its end. */
export function ended(ecluse: EcluseProcess, path: string): Promise<Done> {
  return eventually(
    'it is at its end',
    async () => {
      const request = (await (await ecluse.call('data-steward', path)).json()) as Done
      return ['done', 'failed'].includes(request.state) && request
    },
    DONE_MS,
  )
}

/** Only those that are not zero. */
export function some(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
}

/** Adds a version of the schema, made from the newest, and waits until it is live. */
export async function mendSchema(
  ecluse: EcluseProcess,
  version: string,
  mend: (schema: { properties: Record<string, JsonObject>; required: string[] }) => void,
): Promise<void> {
  const dir = join(ecluse.schemasDir, 'transactions')
  const newest = readdirSync(dir).sort().at(-1)!
  const schema = JSON.parse(readFileSync(join(dir, newest), 'utf8'))
  mend(schema)
  writeFileSync(join(dir, `${version}.json`), JSON.stringify(schema, null, 2))
  await eventually(`version ${version} is live`, async () => {
    const answer = await ecluse.call('data-steward', `/v1/datasets/transactions/schemas/${version}`)
    return answer.status === 200
  })
}
