// A client verb's calls to the gateway: problems become one readable error, and no secret is ever part of it.

import type { Role } from '../governance/access/roles.ts'
import type { Config } from '../runtime/config.ts'
import { clientApiKey } from './dev-credentials.ts'

export interface Client {
  /** Undefined for 404. @throws Refused for every other answer that is none, Error where nothing answers */
  get(path: string): Promise<Response | undefined>
  /** @throws Refused for every answer that is none, 404 too; Error where nothing answers */
  read(path: string): Promise<Response>
  /** @throws Refused with the status, what is wrong and what to do; Error where nothing answers */
  post(path: string, body: unknown): Promise<Response>
}

/** The gateway answered, and not with what was asked for. */
export class Refused extends Error {
  override name = 'Refused'
  readonly status: number

  constructor(status: number, { detail = 'no reason given', fix = '' }: { detail?: string; fix?: string }) {
    super(`the gateway answered ${status}: ${detail} ${fix}`.trim())
    this.status = status
  }
}

/** @param role whose key development uses where none is set */
export function openClient(config: Config, role: Role): Client {
  const authorization = `Bearer ${clientApiKey(config, role)}`
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { authorization, ...init.headers }
    const response = await fetch(new URL(path, config.url), { ...init, headers }).catch(cause => {
      throw new Error(`${config.url} cannot be reached: is the gateway running, and is ECLUSE_URL right?`, { cause })
    })
    if (response.ok) return response
    throw new Refused(response.status, (await response.json().catch(() => ({}))) as { detail?: string; fix?: string })
  }
  return {
    get: path =>
      call(path).catch(error => {
        if (error instanceof Refused && error.status === 404) return undefined
        throw error
      }),
    read: path => call(path),
    post: (path, body) =>
      call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }
}
