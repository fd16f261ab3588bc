// Alerts in the documents, which several processors change: every change is computed over what stands, and holds once
// it is read back.

import { randomUUID } from 'node:crypto'
import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import type { StoredAlert, StoredAlertPosition } from '../../storage/stored-alert.ts'

const COLLECTION = 'alerts'
const POSITION = 'position'
/** How often others may be faster. */
const MEETINGS = 20
/** How long what is over, and told, is kept. */
const KEPT_MS = 7 * 86_400_000
/** Alerts tended in one turn; where there are more, the next turn goes on. */
const MAX_TENDED = 100
const MAX_ROUTES = 1_000

export interface AlertStore {
  /**
   * @param change what becomes of it; the very same, or undefined, to leave it as it is. Called again after somebody
   * else's change
   * @returns the alert as it stands then
   */
  change(
    id: string,
    change: (alert: StoredAlert | undefined) => StoredAlert | undefined,
  ): Promise<StoredAlert | undefined>
  /** Some with something to do, in turn, and where to go on: undefined at the end. */
  findActive(after: string | undefined): Promise<{ alerts: StoredAlert[]; next: string | undefined }>
  /** How many groups are open, by route. */
  countOpen(): Promise<Map<string, number>>
  position(): Promise<StoredAlertPosition['looks'] | undefined>
  /** Only ever forward: what another process read further stays. */
  advance(looks: StoredAlertPosition['looks']): Promise<StoredAlertPosition['looks']>
}

type AlertDocuments = Pick<Documents, 'get' | 'find' | 'countBy' | 'upsertNewer'>

export function openAlertStore(documents: AlertDocuments, now: () => number): AlertStore {
  async function write<T extends { writer: string }>(
    id: string,
    change: (body: T | undefined) => T | undefined,
    expiresAtMs: (body: T) => number | null,
  ): Promise<T | undefined> {
    let writer: string | undefined
    for (let meeting = 0; meeting < MEETINGS; meeting++) {
      const stored = await documents.get(COLLECTION, id)
      const body = stored?.body as T | undefined
      if (writer !== undefined && body?.writer === writer) return body
      const changed = change(body)
      if (!changed || changed === body) return body
      writer = randomUUID()
      const next = { ...changed, writer }
      const version = (stored?.version ?? -1) + 1
      const document = { id, version, expiresAtMs: expiresAtMs(next), body: next as unknown as JsonObject }
      await documents.upsertNewer(COLLECTION, [document])
    }
    throw new Error('an alert is changed by others all the time')
  }

  return {
    change: (id, change) =>
      write<StoredAlert>(
        id,
        stored => {
          const changed = change(stored)
          if (!changed || changed === stored) return changed
          return { ...changed, active: changed.open === 1 || changed.deliveries.length > 0 ? 1 : 0 }
        },
        ({ active }) => (active === 1 ? null : now() + KEPT_MS),
      ),
    findActive: async after => {
      const page = await documents.find(COLLECTION, {
        where: { active: 1 },
        limit: MAX_TENDED,
        ...(after !== undefined && { after: { id: after } }),
      })
      const alerts = page.map(({ body }) => body as unknown as StoredAlert)
      return { alerts, next: page.length === MAX_TENDED ? page.at(-1)!.id : undefined }
    },
    countOpen: async () => {
      const counts = await documents.countBy(COLLECTION, 'route', { where: { open: 1 }, limit: MAX_ROUTES })
      return new Map(counts.map(({ value, count }) => [String(value), count]))
    },
    position: async () => ((await documents.get(COLLECTION, POSITION))?.body as StoredAlertPosition | undefined)?.looks,
    advance: async looks => {
      const forward = (body: StoredAlertPosition | undefined) => {
        const before = body?.looks ?? {}
        const further = Object.entries(looks).filter(([name, at]) => isFurther(at, before[name]))
        return further.length === 0 ? body : { looks: { ...before, ...Object.fromEntries(further) }, writer: '' }
      }
      return (await write<StoredAlertPosition>(POSITION, forward, () => null))!.looks
    },
  }
}

function isFurther(one: { value: string; id: string }, other: { value: string; id: string } | undefined): boolean {
  if (!other) return true
  return one.value === other.value ? one.id > other.id : one.value > other.value
}
