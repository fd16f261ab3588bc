// Files persons' requests over HTTP, as who answers for data protection does, and waits for them.

import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import type { EcluseProcess } from './spawn-ecluse.ts'

export const REASON = 'the person wrote on the 3rd, and showed a passport'

const DONE_MS = 120_000

export interface Filed {
  path: string
  id: string
}

/** Files a request. @returns where it is watched */
export async function fileRight(ecluse: EcluseProcess, kind: string, body: JsonObject): Promise<Filed> {
  const response = await postAsDpo(ecluse, `/v1/${kind}-requests`, { reason: REASON, ...body })
  const answer = (await response.json()) as { id: string; detail?: string }
  if (response.status !== 202) throw new Error(`filing was answered ${response.status}: ${answer.detail}`)
  return { path: response.headers.get('location')!, id: answer.id }
}

/** Posts what is done at once. @returns the answer's body */
export async function askDpo(ecluse: EcluseProcess, path: string, body: JsonObject): Promise<JsonObject> {
  return (await (await postAsDpo(ecluse, path, body)).json()) as JsonObject
}

function postAsDpo(ecluse: EcluseProcess, path: string, body: JsonObject): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return ecluse.call('dpo', path, { method: 'POST', headers, body: JSON.stringify(body) })
}

export async function readRight(ecluse: EcluseProcess, { path }: Filed): Promise<JsonObject> {
  const response = await ecluse.call('dpo', path)
  return (await response.json()) as JsonObject
}

/** Resolves with the request once it is done. */
export function rightDone(ecluse: EcluseProcess, filed: Filed): Promise<JsonObject> {
  return eventually(
    `request ${filed.path} is done`,
    async () => {
      const request = await readRight(ecluse, filed)
      return request.state === 'done' && request
    },
    DONE_MS,
  )
}

export const customer = (id: string) => ({ subject: { type: 'customer', id } })
