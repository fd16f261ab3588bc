// One dataset's windows, judged one after the other: each against those before it, and then one of those before.

import type { QualityPolicy } from '../contract/quality.ts'
import type { QualityWindow } from '../quality/quality-window.ts'
import type { Drift } from '../quality/read-drift.ts'
import type { WindowKind } from './anomaly-kinds.ts'
import { openHistory, type Span } from './history.ts'
import { HOUR_MS, isDrift, lookAtDrift, WELL_HOURS } from './look-at-drift.ts'
import { lookAtWindow } from './look-at-window.ts'
import { metricsOf } from './metrics-of.ts'
import { type Change, type OpenRun, openRuns } from './runs.ts'

export interface Detector {
  /** Only remembers it. Windows come in order of time, without gaps. */
  learn(window: QualityWindow): void
  /** What it opens, extends or ends. */
  judge(window: QualityWindow, promises: QualityPolicy): Change[]
  /** The same of a whole hour, by how its values are spread. */
  judgeHour(startMs: number, drift: ReadonlyMap<string, Drift>): Change[]
  /** Minutes of anomalies that are none of what is usual: these, and no others. */
  keepOut(spans: Span[]): void
  /** Takes up an anomaly that is open. */
  adopt(run: OpenRun): void
}

/** @param idOf of the anomaly that begins then */
export function openDetector(idOf: (kind: WindowKind, run: string, startMs: number) => string): Detector {
  const history = openHistory()
  const runs = openRuns(idOf)
  const hourRuns = openRuns(idOf, { windowMs: HOUR_MS, wellNeed: WELL_HOURS })
  let lastEventMs: number | undefined

  function remember(window: QualityWindow, metrics = metricsOf(window, history.sparse())): void {
    if (window.volume.received > 0) lastEventMs = window.endMs
    // Before its first event, a dataset was not silent: there was none.
    if (lastEventMs !== undefined) history.note(window.startMs, metrics)
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
    learn: window => remember(window),
    judge: (window, promises) => {
      const metrics = metricsOf(window, history.sparse())
      const { startMs, endMs } = window
      const verdicts = lookAtWindow(metrics, { startMs, endMs, history, promises, lastEventMs })
      remember(window, metrics)
      const changes = runs.step(window, verdicts)
      changes.forEach(keepOut)
      return changes
    },
    judgeHour: (startMs, drift) => {
      const endMs = startMs + HOUR_MS
      return hourRuns.step({ startMs, endMs }, lookAtDrift(drift, { startMs, endMs }))
    },
    keepOut: history.keepOut,
    adopt: run => (isDrift(run.key) ? hourRuns : runs).adopt(run),
  }
}
