// Judges the windows of each dataset once they are closed and processors have passed all that came in by then. What is
// usual is read again from the stored windows, and what goes on from the stored anomalies: whoever starts anew, or runs
// beside others, comes to the same. One document says how far a dataset was judged.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { pointerLevels } from '../../governance/access/pointer-levels.ts'
import { type Detector, openDetector } from '../../governance/anomalies/detector.ts'
import { HISTORY_MS, MINUTE_MS } from '../../governance/anomalies/history.ts'
import { DRIFT_HOURS, HOUR_MS, readHourDrift, WELL_HOURS } from '../../governance/anomalies/look-at-drift.ts'
import { type Change, WELL_NEED } from '../../governance/anomalies/runs.ts'
import { anomalyIdIn, runOf, spansOf } from '../../governance/anomalies/stored-anomaly.ts'
import type { Catalogue, LiveContract } from '../../governance/contract/catalogue.ts'
import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../../governance/contract/topic-of.ts'
import type { QualityWindow } from '../../governance/quality/quality-window.ts'
import { readQuality } from '../../governance/quality/read-quality.ts'
import { loggable } from '../../runtime/loggable.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog } from '../../storage/event-log/event-log.ts'
import type { Retentions } from '../retentions.ts'
import { countOpen, type OpenAnomalies } from './count-open.ts'
import { anomaliesSince, type KeepDeps, keepChange, runningAnomalies } from './keep-anomalies.ts'

const COLLECTION = 'anomalies_judged'
/** A window is closed so long after its end: what was on its way has come. */
const GRACE_MS = 30_000
/** Of a dataset that nobody judged before; and of one that nobody judged for long. */
const FIRST_MS = 60 * MINUTE_MS
const LONGEST_MS = 1_440 * MINUTE_MS
/** Judged again at a start: what was wrong in them may go on. Nothing is written twice. */
const AGAIN_MS = WELL_NEED * MINUTE_MS
const AGAIN_HOURS = Math.max(DRIFT_HOURS, WELL_HOURS)
/** Windows of one dataset in one turn. */
const MAX_WINDOWS = 240

export interface WatchDeps extends KeepDeps {
  documents: KeepDeps['documents'] & Pick<Documents, 'countBy'>
  log: Pick<EventLog, 'ends' | 'hasPassed'>
  catalogue: Pick<Catalogue, 'all'>
  retentions: Pick<Retentions, 'inForce'>
  logger: Pick<Logger, 'warn' | 'info' | 'error'>
  /** The consumer groups that carry events, those that were rejected, and the counts of both. */
  groups: { events: string; quarantine: string; ledger: string }
}

export interface AnomalyWatch {
  /** One turn. @param passes waits some time for a condition; whether it came to hold */
  turn(passes: (hasPassed: () => Promise<boolean>) => Promise<boolean>): Promise<void>
  /** Open anomalies of all kinds, as the last turn found them. */
  open(): OpenAnomalies[]
}

/** How far a dataset was judged, and the end of the last minute until then in which something came, ms. */
interface StoredJudged {
  dataset: string
  untilMs: number
  lastEventMs?: number
}

/** A dataset's detector, and the start of the next window it is given. */
interface Watched {
  detector: Detector
  nextMs: number
  /** The same of whole hours. */
  nextHourMs: number
}

export function openAnomalyWatch(deps: WatchDeps): AnomalyWatch {
  const { documents, catalogue, logger, now } = deps
  const known = new Map<string, Watched>()
  const open = new Map<string, OpenAnomalies[]>()

  async function startWatching(contract: LiveContract, readyMs: number): Promise<Watched> {
    const { dataset } = contract
    const stored = await documents.get(COLLECTION, dataset)
    const { untilMs, lastEventMs } = (stored?.body ?? {}) as Partial<StoredJudged>
    const judgedMs = untilMs ?? readyMs - FIRST_MS
    const againMs = Math.max(Math.min(judgedMs, readyMs), readyMs - LONGEST_MS) - AGAIN_MS
    // Windows of several minutes begin with an hour.
    const fromMs = Math.floor(againMs / HOUR_MS) * HOUR_MS
    // All that came since it was last judged, too: a silence may be longer than what is usual reaches back.
    const learntMs = Math.min(fromMs - HISTORY_MS, Math.floor(judgedMs / HOUR_MS) * HOUR_MS)
    const detector = openDetector(anomalyIdIn(dataset), lastEventMs)
    for await (const minute of readQuality(documents, contract, learntMs, fromMs, MINUTE_MS)) {
      detector.learn(minute)
      await letOthers(minute)
    }
    return { detector, nextMs: fromMs, nextHourMs: fromMs - AGAIN_HOURS * HOUR_MS }
  }

  async function judge(contract: LiveContract, readyMs: number): Promise<void> {
    const { dataset, quality: promises } = contract
    const watched = known.get(dataset) ?? (await startWatching(contract, readyMs))
    // Should anything fail, all of it is read again.
    known.delete(dataset)
    const { detector } = watched
    const running = await runningAnomalies(deps, dataset)
    const since = await anomaliesSince(deps, dataset, watched.nextMs - HISTORY_MS)
    const spans = [...running, ...since].flatMap(spansOf)
    detector.keepOut(spans)
    // Of windows that are judged again: what was told of them is not told anew.
    const ended = since.filter(({ window }) => Date.parse(window!.end) > watched.nextMs)
    for (const anomaly of [...running, ...ended]) detector.adopt(runOf(anomaly))
    const keptMs = (await deps.retentions.inForce(dataset))?.events
    const leveller = { levelOf: pointerLevels(contract), promises }
    const keep = async (changes: Change[]) => {
      for (const change of changes) await keepChange(deps, dataset, change, leveller, keptMs)
    }
    const untilMs = Math.min(readyMs, watched.nextMs + MAX_WINDOWS * MINUTE_MS)
    for await (const minute of readQuality(documents, contract, watched.nextMs, untilMs, MINUTE_MS)) {
      await keep(detector.judge(minute, promises))
      await letOthers(minute)
    }
    let hourMs = watched.nextHourMs
    for (; hourMs + HOUR_MS <= untilMs; hourMs += HOUR_MS)
      await keep(detector.judgeHour(hourMs, await readHourDrift(documents, dataset, hourMs, spans)))
    const lastEventMs = detector.lastEventMs()
    const body = { dataset, untilMs, ...(lastEventMs !== undefined && { lastEventMs }) } satisfies StoredJudged
    await documents.upsertNewer(COLLECTION, [{ id: dataset, version: untilMs, expiresAtMs: null, body }])
    open.set(dataset, await countOpen(documents, dataset))
    known.set(dataset, { detector, nextMs: untilMs, nextHourMs: hourMs })
  }

  return {
    open: () => [...open.values()].flat(),
    turn: async passes => {
      const readyMs = Math.floor((now() - GRACE_MS) / MINUTE_MS) * MINUTE_MS
      const behind = catalogue.all().filter(({ dataset }) => (known.get(dataset)?.nextMs ?? 0) < readyMs)
      if (behind.length === 0) return
      if (!(await passes(await passedAll(deps, behind)))) return
      for (const contract of behind)
        await judge(contract, readyMs).catch(error =>
          logger.error(
            { dataset: contract.dataset, err: loggable(error) },
            'windows were not judged; that is tried again',
          ),
        )
    },
  }
}

/** The embedded side reads at once: once an hour of them is read, others have their turn. */
async function letOthers({ endMs }: QualityWindow): Promise<void> {
  if (endMs % HOUR_MS === 0) await nextTurn()
}

/** Whether processors have passed the log's end as it is now. */
async function passedAll({ log, groups }: Pick<WatchDeps, 'log' | 'groups'>, contracts: LiveContract[]) {
  const datasets = contracts.map(({ dataset }) => dataset)
  const waits = await Promise.all(
    (
      [
        [groups.events, topicOf],
        [groups.quarantine, quarantineTopicOf],
        [groups.ledger, ledgerTopicOf],
      ] as const
    ).map(async ([group, topic]) => ({ group, ends: await log.ends(datasets.map(topic)) })),
  )
  return async () => (await Promise.all(waits.map(({ group, ends }) => log.hasPassed(group, ends)))).every(Boolean)
}
