// Compares the sides of the ledger, window by window: those of the last minutes and those that did not balance each
// turn, all others in turn. Nothing is compared before processors have passed what gateways had counted, and only a
// mismatch that two turns saw alike is told: what was on its way at the first has come, and shows, by the second.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { topicOf } from '../../governance/contract/topic-of.ts'
import { type LedgerHour, type LedgerLine, linesOf, mismatchesOf } from '../../governance/ledger/ledger-line.ts'
import { checkId, endedBefore, nextHour, readHour } from '../../governance/ledger/read-ledger.ts'
import { changeDocument } from '../../storage/documents/change-document.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog } from '../../storage/event-log/event-log.ts'
import { minuteOf } from '../../storage/ledger-record.ts'
import { asBody, type CountsByMinute, type StoredLedgerCheck } from '../../storage/stored-shapes.ts'
import { hourOf } from '../hourly-rows.ts'
import type { Retentions } from '../retentions.ts'
import { countArchived } from './count-archived.ts'
import { MAX_OPEN, openMismatches, type ReportDeps, reportMismatch, resolveMismatch } from './report-mismatch.ts'

const MINUTE_MS = 60_000
/** Windows that are compared each turn. */
const RECENT_MS = 10 * MINUTE_MS

export interface CheckLedgerDeps extends ReportDeps {
  documents: Documents
  log: Pick<EventLog, 'ends' | 'hasPassed'>
  catalogue: Pick<Catalogue, 'all'>
  retentions: Pick<Retentions, 'inForce'>
  /** The consumer group that counts events. */
  group: string
  /** How long a row is kept after its hour, ms. */
  keptMs(dataset: string): Promise<number | undefined>
}

/** Lines that did not balance, looked at again at the next turn. */
const MAX_SUSPECTS = 100
/** By so much the clocks of those who end what is stored may differ from ours. */
const SKEW_MS = 5 * MINUTE_MS

/** Minutes of one hour to be compared, as they are named in a row. */
interface Chosen {
  hour: LedgerHour
  minutes: Set<string>
  /** Starts of the windows whose mismatch was told before. */
  open: ReadonlySet<string>
}

export interface LedgerCheck {
  /** One turn. @param passes waits some time for a condition; whether it came to hold */
  check(passes: (hasPassed: () => Promise<boolean>) => Promise<boolean>): Promise<void>
}

export function openLedgerCheck(deps: CheckLedgerDeps): LedgerCheck {
  const { documents, log, catalogue, group } = deps
  /** Where the next turn takes up the older hours, by dataset. */
  const cursors = new Map<string, string>()
  /** Likewise the windows whose mismatch was told before. */
  const openCursors = new Map<string, string>()
  /** Lines that did not balance at the last look, by window. */
  const suspects = new Map<string, LedgerLine>()

  async function choose(dataset: string): Promise<Chosen[]> {
    const older = await nextHour(documents, dataset, cursors.get(dataset) ?? '')
    // After the last one, the first.
    cursors.set(dataset, older === undefined ? '' : `${older}~`)
    const open = new Set(await openMismatches(deps, dataset, openCursors.get(dataset) ?? ''))
    openCursors.set(dataset, open.size < MAX_OPEN ? '' : [...open].at(-1)!)
    const recentMs = Array.from({ length: RECENT_MS / MINUTE_MS + 1 }, (_, i) => deps.now() - i * MINUTE_MS)
    const suspected = [...suspects.values()].filter(line => line.dataset === dataset).map(({ window }) => window.start)
    const asked = Map.groupBy([...open, ...suspected, ...recentMs].map(minuteOf), hourOf)
    const hours = new Set([...asked.keys(), ...(older === undefined ? [] : [older])])
    return Promise.all(
      [...hours].map(async name => {
        const hour = await readHour(documents, dataset, name)
        const all = linesOf(hour, 0).map(({ window }) => minuteOf(window.start))
        const minutes = [...(asked.get(name) ?? []), ...(name === older ? all : [])]
        return { hour, open, minutes: new Set(minutes.map(minute => minute.slice(14))) }
      }),
    )
  }

  async function compareLine(line: LedgerLine, isOpen: boolean): Promise<void> {
    const key = suspectKey(line.dataset, line.window.start)
    const mismatches = mismatchesOf(line)
    // When it was looked at is no number of it.
    const numbers = { ...line, archive: { ...line.archive, checkedAt: null } }
    const isConfirmed = isDeepStrictEqual(suspects.get(key), numbers)
    // Once it is told, its anomaly has it looked at again.
    suspects.delete(key)
    if (mismatches.length === 0) {
      if (isOpen) await resolveMismatch(deps, line)
      return
    }
    if (!isConfirmed && !isOpen) {
      if (suspects.size < MAX_SUSPECTS) suspects.set(key, numbers)
      return
    }
    const retention = await deps.retentions.inForce(line.dataset)
    await reportMismatch(deps, numbers, mismatches, retention?.events)
  }

  async function compareHour({ hour: counted, minutes, open }: Chosen, endedMs: number): Promise<void> {
    const { dataset, hour } = counted
    const before = await readHour(documents, dataset, hour)
    const archived: CountsByMinute = {}
    for (const minute of minutes) {
      const found = await countArchived(documents, dataset, `${hour.slice(0, 14)}${minute}`)
      if (found.events > 0 || before.rows.some(row => minute in row.minutes)) archived[minute] = found
      // The embedded side counts at once: others have their turn in between.
      await nextTurn()
    }
    const after = await readHour(documents, dataset, hour)
    const check = { dataset, hour, minutes: archived, checkedAt: new Date(deps.now()).toISOString() }
    await keepCheck(deps, check)
    // What gateways had counted at first; what processors have counted since, where it stood still meanwhile.
    const gateways = counted.rows.filter(({ side }) => side === 'gateways')
    const sides = (read: LedgerHour) =>
      new Map(
        linesOf({ ...read, rows: [...gateways, ...read.rows.filter(isProcessors)], check }, endedMs).map(line => [
          line.window.start.slice(14, 16),
          line,
        ]),
      )
    const [lines, laterLines] = [sides(before), sides(after)]
    for (const minute of minutes) {
      const line = lines.get(minute)
      // Its rows have reached their end.
      if (!line) suspects.delete(suspectKey(dataset, `${hour.slice(0, 14)}${minute}:00.000Z`))
      else if (isDeepStrictEqual(line, laterLines.get(minute))) await compareLine(line, open.has(line.window.start))
    }
  }

  return {
    check: async passes => {
      const datasets = catalogue.all().map(({ dataset }) => dataset)
      const chosen = (await Promise.all(datasets.map(choose))).flat()
      const ends = await log.ends(datasets.map(topicOf))
      if (!(await passes(() => log.hasPassed(group, ends)))) return
      for (const dataset of datasets) {
        const endedMs = await bringEnded(deps, dataset)
        for (const each of chosen) if (each.hour.dataset === dataset) await compareHour(each, endedMs)
      }
    },
  }
}

const suspectKey = (dataset: string, start: string) => `${dataset} ${start}`
const isProcessors = ({ side }: LedgerHour['rows'][number]) => side === 'processors'

/** Keeps how far the retention in force has ended what was received: what has ended stays so under a longer one. */
async function bringEnded(
  { documents, retentions, now }: Pick<CheckLedgerDeps, 'documents' | 'retentions' | 'now'>,
  dataset: string,
): Promise<number> {
  const retention = await retentions.inForce(dataset)
  const known = await endedBefore(documents, dataset)
  if (!retention) return known
  const endedBeforeMs = Math.max(known, now() + SKEW_MS - retention.events)
  if (endedBeforeMs > known)
    await documents.upsertNewer('ledger_checks', [
      { id: dataset, version: endedBeforeMs, expiresAtMs: null, body: { dataset, endedBeforeMs } },
    ])
  return endedBeforeMs
}

async function keepCheck(
  { documents, keptMs }: Pick<CheckLedgerDeps, 'documents' | 'keptMs'>,
  check: StoredLedgerCheck,
): Promise<void> {
  const { dataset, hour, minutes, checkedAt } = check
  if (Object.keys(minutes).length === 0) return
  const ms = await keptMs(dataset)
  const expiresAtMs = ms === undefined ? null : Date.parse(hour) + ms
  const id = checkId(dataset, hour)
  await documents.insertFirst('ledger_checks', [{ id, version: 0, expiresAtMs, body: asBody(check) }])
  await changeDocument(documents, 'ledger_checks', id, body => ({
    ...body,
    checkedAt,
    minutes: { ...(body.minutes as CountsByMinute), ...minutes },
  }))
}
