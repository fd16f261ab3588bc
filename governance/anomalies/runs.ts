// Windows that are wrong in a row become one anomaly: opened once there are enough of them, extended while it lasts, over
// after so many that are well again.

import type { WindowKind } from './anomaly-kinds.ts'
import type { Finding, Verdicts } from './finding.ts'
import { MINUTE_MS } from './history.ts'

/** Windows in a row that have to be well before an anomaly is over; until then another one is the same. */
export const WELL_NEED = 10
/** Windows with so long between them, of which nothing could be said, are not in a row. */
const APART_MS = 180 * MINUTE_MS
/** So long without a word on it, as when too few events come, and it is over too. */
const UNKNOWN_MS = 1_440 * MINUTE_MS

/** What is known of an anomaly that was opened. */
export interface OpenRun {
  key: string
  id: string
  startMs: number
  /** End of its last wrong window. */
  endMs: number
}

export type Change =
  | { type: 'opened'; run: OpenRun; findings: Finding[] }
  | { type: 'extended'; run: OpenRun; finding: Finding }
  | { type: 'ended'; run: OpenRun; atMs: number }

export interface Runs {
  /** The verdicts of the next window, which ends then. */
  step(endMs: number, verdicts: Verdicts): Change[]
  /** Takes up an anomaly that was opened before. */
  adopt(run: OpenRun): void
}

interface Run {
  side: Finding['side']
  startMs: number
  endMs: number
  findings: Finding[]
  well: number
  open: OpenRun | undefined
}

/** @param idOf of the anomaly that begins then @param wellNeed windows that have to be well before it is over */
export function openRuns(idOf: (kind: WindowKind, key: string, startMs: number) => string, wellNeed = WELL_NEED): Runs {
  const runs = new Map<string, Run>()

  function wrong(key: string, finding: Finding): Change[] {
    const { startMs, endMs } = finding
    const known = runs.get(key)
    if (known?.open) {
      known.well = 0
      known.endMs = Math.max(known.endMs, endMs)
      known.open = { ...known.open, endMs: Math.max(known.open.endMs, endMs) }
      return [{ type: 'extended', run: known.open, finding }]
    }
    const isSame = known?.side === finding.side
    const run = isSame ? known : { side: finding.side, startMs, endMs, findings: [], well: 0, open: undefined }
    run.findings.push(finding)
    run.endMs = endMs
    runs.set(key, run)
    if (run.findings.length < finding.needed) return []
    run.open = { key, id: idOf(finding.kind, key, run.startMs), startMs: run.startMs, endMs }
    const { findings } = run
    run.findings = []
    return [{ type: 'opened', run: run.open, findings }]
  }

  function notWrong(key: string, run: Run, endMs: number, isWell: boolean): Change[] {
    // Judged again: it was wrong after that.
    if (endMs <= run.endMs) return []
    if (isWell) run.well++
    const isOver = run.open ? run.well >= wellNeed : isWell || endMs - run.endMs >= APART_MS
    if (!isOver && endMs - run.endMs < UNKNOWN_MS) return []
    runs.delete(key)
    return run.open ? [{ type: 'ended', run: run.open, atMs: endMs }] : []
  }

  return {
    step: (endMs, verdicts) => {
      const changes: Change[] = []
      for (const [key, run] of [...runs]) {
        const verdict = verdicts.get(key)
        if (verdict === undefined || verdict === 'fine') changes.push(...notWrong(key, run, endMs, verdict === 'fine'))
      }
      for (const [key, verdict] of verdicts) if (verdict !== 'fine') changes.push(...wrong(key, verdict))
      return changes
    },
    adopt: open => {
      if (runs.has(open.key)) return
      const { startMs, endMs } = open
      runs.set(open.key, { side: 'above', startMs, endMs, findings: [], well: 0, open })
    },
  }
}
