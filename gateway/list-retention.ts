// What will go when: for each store the retention in force, the oldest record, how many end soon, and what makes them
// end. Counted by the indexes there are, up to a bound; where there is none, that is said.

import type { Contract } from '../governance/contract/contract.ts'
import type { Config } from '../runtime/config.ts'
import type { Documents, Filter } from '../storage/documents/documents.ts'
import type { Lake } from '../storage/lake/lake.ts'
import { readManifest } from '../storage/lake-manifest.ts'
import type { StoredRetention } from '../storage/stored-retention.ts'
import type { Vault } from '../storage/vault/vault.ts'

const DAY_MS = 86_400_000
/** How many records end within so many days. */
export const PERIODS = [1, 7, 30]
/** More are not counted. */
export const MAX_COUNTED = 1_000

export interface StoreRetention {
  /** Null for what is not of one dataset. */
  dataset: string | null
  store: 'log' | 'archive' | 'tables' | 'quarantine' | 'quarantine keys' | 'anomalies' | 'lake' | 'audit' | 'requests'
  retentionMs: number
  /** Which time of a record was looked at; null where no index leads to it, and nothing is counted. */
  by: string | null
  /** RFC 3339. */
  oldest: string | null
  /** How many reach their end within so many days; `MAX_COUNTED` is that many or more. */
  ending: { days: number; records: number }[]
  enforcedBy: string
}

export interface ListRetentionDeps {
  documents: Pick<Documents, 'find' | 'get'>
  lake: Pick<Lake, 'get'>
  vault: Pick<Vault, 'listKeys'>
  config: Config
  now: () => number
}

/** @throws DocumentsUnavailable, VaultUnavailable */
export async function listRetention(deps: ListRetentionDeps, contracts: Contract[]): Promise<StoreRetention[]> {
  const { config } = deps
  const documents = config.documents === 'sqlite:' ? MAINTENANCE : 'MongoDB and maintenance'
  const lists = await Promise.all(contracts.map(contract => ofDataset(deps, contract, documents)))
  const of = (collection: string, by: string, where: Filter, retentionMs: number) =>
    counted(deps, { collection, by, where, retentionMs })
  const [audit, requests] = [config.auditDays * DAY_MS, config.requestDays * DAY_MS]
  return [
    ...lists.flat(),
    { dataset: null, store: 'audit', ...(await of('audit', 'at', {}, audit)), enforcedBy: documents },
    {
      dataset: null,
      store: 'requests',
      ...(await of('requests', 'createdAt', { active: 0 }, requests)),
      enforcedBy: documents,
    },
  ]
}

async function ofDataset(deps: ListRetentionDeps, contract: Contract, byDocuments: string): Promise<StoreRetention[]> {
  const { config } = deps
  const { dataset, retentionMs } = contract
  const where = { dataset }
  const applied = (await deps.documents.get('retentions', dataset))?.body as unknown as StoredRetention | undefined
  const { events, quarantine } = applied ?? retentionMs
  const of = (collection: string, by: string, retention: number) =>
    counted(deps, { collection, by, where, retentionMs: retention })
  const uncounted = (ms: number) => ({ retentionMs: ms, by: null, oldest: null, ending: [] })
  const inLog = config.eventLog === 'sqlite:' ? MAINTENANCE : 'Kafka, by segments'
  const inTables = config.tables === 'sqlite:' ? MAINTENANCE : 'Cassandra, by TTL'
  return [
    { dataset, store: 'log', ...uncounted(retentionMs.log), enforcedBy: inLog },
    // By the event's own time: the archive has no index by reception, from which retention runs.
    { dataset, store: 'archive', ...(await of('events', 'time', events)), enforcedBy: byDocuments },
    { dataset, store: 'tables', ...uncounted(events), enforcedBy: inTables },
    { dataset, store: 'quarantine', ...(await of('quarantine', 'receivedAt', quarantine)), enforcedBy: byDocuments },
    { dataset, store: 'quarantine keys', ...(await ofKeys(deps, dataset, quarantine)), enforcedBy: MAINTENANCE },
    { dataset, store: 'anomalies', ...(await of('anomalies', 'detectedAt', events)), enforcedBy: byDocuments },
    { dataset, store: 'lake', ...(await ofLake(deps, dataset, retentionMs.lake)), enforcedBy: MAINTENANCE },
  ]
}

const MAINTENANCE = 'maintenance (ECLUSE_MAINTENANCE_INTERVAL_MS)'

interface Asked {
  collection: string
  /** An indexed member that holds a time. */
  by: string
  where: Filter
  retentionMs: number
}

async function counted({ documents, now }: ListRetentionDeps, { collection, by, where, retentionMs }: Asked) {
  const sort = { by, order: 'ascending' } as const
  const [oldest] = await documents.find(collection, { where, sort, limit: 1 })
  const last = new Date(now() + PERIODS.at(-1)! * DAY_MS - retentionMs).toISOString()
  const found = await documents.find(collection, {
    where: { ...where, [by]: { before: last } },
    sort,
    limit: MAX_COUNTED,
  })
  const times = found.map(({ body }) => body[by] as string)
  return {
    retentionMs,
    by,
    oldest: (oldest?.body[by] as string | undefined) ?? null,
    ending: endingBy(
      times.map(time => Date.parse(time) + retentionMs),
      now(),
    ),
  }
}

/** Files end whole, with the day on which their events were received; nothing is counted while the lake is down. */
async function ofLake({ lake, now }: ListRetentionDeps, dataset: string, retentionMs: number) {
  const stored = await readManifest(lake, dataset).catch((error: Error) => error)
  if (stored instanceof Error) return { retentionMs, by: null, oldest: null, ending: [] }
  const files = stored?.manifest.files ?? []
  const endOf = (date: string) => Date.parse(date) + DAY_MS + retentionMs
  return {
    retentionMs,
    by: 'the day of reception',
    oldest: files.length > 0 ? new Date(Date.parse(files[0]!.date)).toISOString() : null,
    ending: PERIODS.map(days => {
      const ending = files.filter(({ date }) => endOf(date) < now() + days * DAY_MS)
      return { days, records: ending.reduce((sum, { rows }) => sum + rows, 0) }
    }),
  }
}

async function ofKeys({ vault, now }: ListRetentionDeps, dataset: string, retentionMs: number) {
  const keys = await vault.listKeys(`quarantine/${dataset}/`)
  const oldestMs = Math.min(...keys.map(({ createdAtMs }) => createdAtMs))
  return {
    retentionMs,
    by: 'the end of the key’s day',
    oldest: keys.length > 0 ? new Date(oldestMs).toISOString() : null,
    ending: endingBy(
      keys.flatMap(({ endsAtMs }) => endsAtMs ?? []),
      now(),
    ),
  }
}

function endingBy(endsMs: number[], nowMs: number): StoreRetention['ending'] {
  return PERIODS.map(days => ({ days, records: endsMs.filter(end => end < nowMs + days * DAY_MS).length }))
}
