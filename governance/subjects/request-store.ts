// Requests in the documents, worked on by one process at a time: a claim with an end, and versions that fence off whoever
// held it before. A write that does not stand afterwards was another's turn.

import { randomUUID } from 'node:crypto'
import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import type { RequestState, StoredRequest } from './rights-request.ts'

const COLLECTION = 'requests'
/** Candidates of each state looked at in one turn. */
const MAX_CANDIDATES = 100
const openStates: RequestState[] = ['queued', 'running', 'blocked']
/** How often a write that met another one, of somebody who did not take the claim, is made again over it. */
const MEETINGS = 5

/** A request as it was read or written last. */
export interface HeldRequest {
  version: number
  expiresAtMs: number | null
  body: StoredRequest
}

/** Another process works on the request by now. */
export class ClaimLost extends Error {
  override name = 'ClaimLost'
}

export interface RequestStore {
  create(request: Omit<StoredRequest, 'writer'>): Promise<HeldRequest>
  get(id: string): Promise<HeldRequest | undefined>
  /** Requests with something left to do that nobody works on at this time: new ones before those that were begun, and both before blocked ones; of each the oldest first. */
  findUnclaimed(nowMs: number): Promise<HeldRequest[]>
  /**
   * Writes a change; members that others changed meanwhile keep their change, and so does its expiry unless one is given.
   * @throws ClaimLost when another process took the request over, or finished it
   */
  write(held: HeldRequest, change: Partial<StoredRequest>, expiresAtMs?: number): Promise<HeldRequest>
}

export function openRequestStore(documents: Documents): RequestStore {
  async function get(id: string): Promise<HeldRequest | undefined> {
    const found = await documents.get(COLLECTION, id)
    return found && toHeld(found)
  }

  return {
    get,
    create: async request => {
      const body = { ...request, writer: randomUUID() }
      await documents.insertFirst(COLLECTION, [{ id: request.id, version: 0, expiresAtMs: null, body: plain(body) }])
      return { version: 0, expiresAtMs: null, body }
    },
    findUnclaimed: async nowMs => {
      const found = await Promise.all(
        openStates.map(state =>
          documents.find(COLLECTION, {
            where: { active: 1, state, ownedUntilMs: { before: nowMs } },
            sort: { by: 'createdAt', order: 'ascending' },
            limit: MAX_CANDIDATES,
          }),
        ),
      )
      return found.flat().map(toHeld)
    },
    write: async (held, change, given) => {
      let before = held
      for (let meeting = 0; meeting < MEETINGS; meeting++) {
        const body: StoredRequest = { ...before.body, ...change, writer: randomUUID() }
        const version = before.version + 1
        const expiresAtMs = given ?? before.expiresAtMs
        await documents.upsertNewer(COLLECTION, [{ id: body.id, version, expiresAtMs, body: plain(body) }])
        const stored = await get(body.id)
        if (stored?.body.writer === body.writer) return stored
        if (stored?.body.owner !== held.body.owner || stored.body.finishedAt !== held.body.finishedAt) break
        before = stored
      }
      throw new ClaimLost(`request ${held.body.id} was taken over by another process`)
    },
  }
}

function toHeld({ version, expiresAtMs, body }: StoredDocument): HeldRequest {
  return { version, expiresAtMs, body: body as unknown as StoredRequest }
}

const plain = (body: StoredRequest) => body as unknown as JsonObject
