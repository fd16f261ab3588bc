// One dataset's windows, judged one after the other: each against those before it, and then one of those before.

import type { QualityPolicy } from '../contract/quality.ts'
import type { QualityWindow } from '../quality/quality-window.ts'
import type { Drift } from '../quality/read-drift.ts'
import type { WindowKind } from './anomaly-kinds.ts'
import { openHistory, type Span } from './history.ts'
import { HOUR_MS, isDrift, lookAtDrift, WELL_HOURS } from './look-at-drift.ts'
import { lookAtWindow, SILENCE } from './look-at-window.ts'
import { type Metric, metricsOf, sparseMetricOf, volumeOf } from './metrics-of.ts'
import { openPool } from './pool-windows.ts'
import { type Change, type OpenRun, openRuns } from './runs.ts'

export interface Detector {
  /** Only remembers it. Minutes come in order of time, without gaps, and the first begins an hour. */
  learn(minute: QualityWindow): void
  /** What it opens, extends or ends. */
  judge(minute: QualityWindow, promises: QualityPolicy): Change[]
  /** The same of a whole hour, by how its values are spread. */
  judgeHour(startMs: number, drift: ReadonlyMap<string, Drift>): Change[]
  /** Minutes of anomalies that are none of what is usual: these, and no others. */
  keepOut(spans: Span[]): void
  /** Takes up an anomaly that is open, or what somebody said of it. */
  adopt(run: OpenRun): void
  /** The end of the last minute with an event; undefined: none is known of. */
  lastEventMs(): number | undefined
}

/**
 * @param idOf of the anomaly that begins then
 * @param lastKnownMs the end of the last minute with an event, as it was known before: what is learnt may reach less far back
 */
export function openDetector(
  idOf: (kind: WindowKind, run: string, startMs: number) => string,
  lastKnownMs?: number,
): Detector {
  const history = openHistory()
  const pool = openPool()
  const runs = openRuns(idOf)
  const hourRuns = openRuns(idOf, WELL_HOURS)
  let lastEventMs = lastKnownMs

  /** Shares and means of the window that is full with this minute, if one is. */
  function look(minute: QualityWindow): { pooled: QualityWindow | undefined; metrics: Metric[] } {
    const pooled = pool(minute)
    return { pooled, metrics: pooled ? metricsOf(pooled, history.sparse()) : [] }
  }

  function remember(minute: QualityWindow, metrics: Metric[]): void {
    if (minute.volume.received > 0) lastEventMs = minute.endMs
    // Before its first event, a dataset was not silent: there was none.
    if (lastEventBy(minute.endMs) !== undefined) history.note(minute.startMs, [volumeOf(minute), ...metrics])
  }

  /** What was known of it then: minutes that are judged again may lie before the last event. */
  const lastEventBy = (ms: number) => (lastEventMs !== undefined && lastEventMs <= ms ? lastEventMs : undefined)

  /** A silence was told, nobody called it over, and nothing came since. */
  function isSilent({ startMs }: QualityWindow): boolean {
    const silence = runs.openAt(SILENCE)
    if (!silence || silence.isSolved || silence.endMs > startMs) return false
    return (lastEventBy(startMs) ?? 0) <= silence.endMs
  }

  /** At once: what lasts must not become usual before it is stored. */
  function keepOut(change: Change): void {
    if (change.type === 'ended') return
    const findings = change.type === 'opened' ? change.findings : [change.finding]
    const fromMs = change.type === 'opened' ? change.run.startMs : change.finding.startMs
    for (const series of new Set(findings.flatMap(({ keepsOut }) => keepsOut)))
      history.keepOutToo({ series, fromMs, beforeMs: change.run.endMs })
  }

  return {
    learn: minute => remember(minute, look(minute).metrics),
    judge: (minute, promises) => {
      const { pooled, metrics } = look(minute)
      const context = { history, promises, lastEventMs: lastEventBy(minute.startMs), isSilent: isSilent(minute) }
      const verdicts = lookAtWindow([volumeOf(minute)], { ...context, ...minute })
      if (pooled) for (const each of lookAtWindow(metrics, { ...context, ...pooled })) verdicts.set(...each)
      remember(minute, metrics)
      const changes = runs.step(minute.endMs, verdicts)
      changes.forEach(keepOut)
      return changes
    },
    judgeHour: (startMs, drift) => {
      const endMs = startMs + HOUR_MS
      return hourRuns.step(endMs, lookAtDrift(drift, { startMs, endMs }))
    },
    keepOut: history.keepOut,
    adopt: run => {
      const sparse = sparseMetricOf(run.key)
      // Where none of it is found any more, that is well.
      if (sparse) history.expect(sparse)
      const of = isDrift(run.key) ? hourRuns : runs
      of.adopt(run)
    },
    lastEventMs: () => lastEventMs,
  }
}
