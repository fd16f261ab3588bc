// An anomaly of windows as it is stored: written when it is found, while it goes on and when it is over, by whichever
// processor comes first. Whoever judges the same windows again writes the same.

import { hash } from 'node:crypto'
import type { AnomalyState, StoredAnomaly } from '../../storage/stored-shapes.ts'
import type { Level } from '../classification/taxonomy.ts'
import type { QualityPolicy } from '../contract/quality.ts'
import { ruleLevel } from '../quality/dimensions.ts'
import { severities, type WindowKind } from './anomaly-kinds.ts'
import { detailOf, distanceOf, evidenceOf, severityOf, worseOf } from './describe-finding.ts'
import type { Finding } from './finding.ts'
import type { Span } from './history.ts'
import type { OpenRun } from './runs.ts'

/** Who changes a state where nobody does. */
export const OURSELVES = 'écluse'
const MAX_HISTORY = 100

/** Ids of a dataset's anomalies in the order in which they began; what it is about stands in none of them. */
export function anomalyIdIn(dataset: string): (kind: WindowKind, run: string, startMs: number) => string {
  return (kind, run, startMs) => `${anomaliesFrom(dataset, startMs)}/${kind}-${hash('sha256', run).slice(0, 12)}`
}

/** What the ids begin with of anomalies that began then; those of later ones come after it. */
export function anomaliesFrom(dataset: string, startMs: number): string {
  return `${anomaliesOf(dataset)}${new Date(startMs).toISOString()}`
}

export function anomaliesOf(dataset: string): string {
  return `windows/${dataset}/`
}

/** What levels are known by. */
export interface Leveller {
  levelOf: (pointer: string) => Level
  promises: QualityPolicy
}

/** @param nowMs when it was found */
export function newAnomaly(
  dataset: string,
  { id, key, startMs, endMs }: OpenRun,
  findings: Finding[],
  leveller: Leveller,
  nowMs: number,
): StoredAnomaly {
  const worst = findings.reduce(worseOf)
  const { pointer } = worst.metric
  const level = levelOf(worst, leveller)
  const [start, end, at] = [startMs, endMs, nowMs].map(ms => new Date(ms).toISOString()) as [string, string, string]
  return {
    id,
    dataset,
    kind: worst.kind,
    severity: severityOf(worst),
    state: 'open',
    detectedAt: at,
    window: { start, end },
    windows: findings.length,
    lastSeenAt: end,
    ...(pointer !== undefined && { pointer }),
    ...(level !== undefined && { level }),
    detail: detailOf(worst),
    evidence: evidenceOf(worst),
    history: [{ state: 'open', at, by: OURSELVES }],
    run: key,
    series: [...new Set(findings.flatMap(({ keepsOut }) => keepsOut))],
    running: dataset,
    ...{ eventDocument: null, subject: null, schema: null, policy: null },
    ...{ position: null, copy: null, reprotectedAt: null },
  }
}

/** One more wrong window of it; undefined where that is in it already. What somebody resolved and goes on opens again. */
export function extended(anomaly: StoredAnomaly, finding: Finding, nowMs: number): StoredAnomaly | undefined {
  const { window, windows = 0, severity, evidence = {}, series = [] } = anomaly
  if (!window || finding.startMs < Date.parse(window.end)) return undefined
  const end = new Date(finding.endMs).toISOString()
  const isWorse = distanceOf(evidence) < distanceOf(evidenceOf(finding))
  const higher = severities.indexOf(severityOf(finding)) > severities.indexOf(severity)
  const grown: StoredAnomaly = {
    ...anomaly,
    window: { ...window, end },
    lastSeenAt: end,
    windows: windows + 1,
    series: [...new Set([...series, ...finding.keepsOut])],
    ...(higher && { severity: severityOf(finding) }),
    ...(isWorse && { detail: detailOf(finding), evidence: evidenceOf(finding) }),
  }
  const goesOn = anomaly.state === 'resolved' && finding.startMs >= Date.parse(anomaly.resolvedAt ?? '')
  return goesOn ? inState(grown, 'open', { by: OURSELVES, atMs: nowMs }) : grown
}

/** It is over. What somebody still worked on is resolved by that. */
export function ended(anomaly: StoredAnomaly, nowMs: number): StoredAnomaly | undefined {
  const { running, ...over } = anomaly
  if (running === undefined) return undefined
  return isUnsolved(over) ? inState(over, 'resolved', { by: OURSELVES, atMs: nowMs }) : over
}

export const unsolvedStates: readonly AnomalyState[] = ['open', 'acknowledged']

/** Nobody said yet that it is over, or was none. */
export function isUnsolved({ state }: Pick<StoredAnomaly, 'state'>): boolean {
  return unsolvedStates.includes(state)
}

/** In another state, which its history tells. */
export function inState(
  { resolvedAt: _, ...anomaly }: StoredAnomaly,
  state: AnomalyState,
  { by, atMs, comment }: { by: string; atMs: number; comment?: string | undefined },
): StoredAnomaly {
  const at = new Date(atMs).toISOString()
  const entry = { state, at, by, ...(comment !== undefined && { comment }) }
  return {
    ...anomaly,
    state,
    ...(state === 'resolved' && { resolvedAt: at }),
    history: [...(anomaly.history ?? []), entry].slice(-MAX_HISTORY),
  }
}

/** The minutes that are no example of what is usual: all of it, unless it was a false alarm. */
export function spansOf({ state, window, series = [] }: StoredAnomaly): Span[] {
  if (!window || state === 'false-alarm') return []
  const [fromMs, beforeMs] = [Date.parse(window.start), Date.parse(window.end)]
  return series.map(name => ({ series: name, fromMs, beforeMs }))
}

export function runOf(anomaly: StoredAnomaly): OpenRun {
  const { id, run, window } = anomaly
  const [startMs, endMs] = [Date.parse(window!.start), Date.parse(window!.end)]
  return { key: run!, id, startMs, endMs, isSolved: !isUnsolved(anomaly) }
}

function levelOf({ metric }: Finding, { levelOf, promises }: Leveller): Level | undefined {
  if (metric.pointer !== undefined) return metric.pointer === '' ? undefined : levelOf(metric.pointer)
  const rule = metric.name === 'broken' ? promises.consistency.find(({ name }) => name === metric.about) : undefined
  return rule && ruleLevel(rule)
}
