// A client verb's calls to the gateway: problems become one readable error, and no secret is ever part of it.

import type { Role } from '../governance/access/roles.ts'
import type { Config } from '../runtime/config.ts'
import { clientApiKey } from './dev-credentials.ts'

export interface Client {
  /** Undefined for 404. @throws Error for every other answer that is none */
  get(path: string): Promise<Response | undefined>
  /** @throws Error with the status, what is wrong and what to do */
  post(path: string, body: unknown): Promise<Response>
}

/** @param role whose key development uses where none is set */
export function openClient(config: Config, role: Role): Client {
  const authorization = `Bearer ${clientApiKey(config, role)}`
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(new URL(path, config.url), { ...init, headers: { authorization, ...init.headers } })
    if (response.ok || response.status === 404) return response
    throw await problemOf(response)
  }
  return {
    get: async path => {
      const response = await call(path)
      return response.status === 404 ? undefined : response
    },
    post: async (path, body) => {
      const headers = { 'content-type': 'application/json' }
      const response = await call(path, { method: 'POST', headers, body: JSON.stringify(body) })
      if (response.status === 404) throw await problemOf(response)
      return response
    },
  }
}

async function problemOf(response: Response): Promise<Error> {
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; fix?: string }
  return new Error(`the gateway answered ${response.status}: ${problem.detail ?? ''} ${problem.fix ?? ''}`.trim())
}
