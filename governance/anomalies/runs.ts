// Windows that are wrong in a row become one anomaly: opened once there are enough of them, extended while it lasts, over
// after so many that are well again. It is never over because nothing can be said of it any more.

import type { WindowKind } from './anomaly-kinds.ts'
import type { Finding, Verdicts } from './finding.ts'
import { MINUTE_MS } from './history.ts'

/** Windows in a row that have to be well before an anomaly is over; until then another one is the same. */
export const WELL_NEED = 10
/** Windows with so long between them, of which nothing could be said, are not in a row. */
const APART_MS = 180 * MINUTE_MS
/** So long after the last wrong one, where little can be said, one window that is well is enough; or somebody's word. */
const UNKNOWN_MS = 1_440 * MINUTE_MS

/** What is known of an anomaly that was opened. */
export interface OpenRun {
  key: string
  id: string
  startMs: number
  /** End of its last wrong window. */
  endMs: number
  /** Somebody said that it is over, or was none. */
  isSolved: boolean
}

export type Change =
  | { type: 'opened'; run: OpenRun; findings: Finding[] }
  | { type: 'extended'; run: OpenRun; finding: Finding }
  | { type: 'ended'; run: OpenRun; atMs: number }

export interface Runs {
  /** The verdicts of the next window, which ends then. */
  step(endMs: number, verdicts: Verdicts): Change[]
  /** Takes up an anomaly that was opened before, or what somebody said of it. */
  adopt(run: OpenRun): void
  /** What goes on there. */
  openAt(key: string): OpenRun | undefined
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
    run.open = { key, id: idOf(finding.kind, key, run.startMs), startMs: run.startMs, endMs, isSolved: false }
    const { findings } = run
    run.findings = []
    return [{ type: 'opened', run: run.open, findings }]
  }

  function notWrong(key: string, run: Run, endMs: number, isWell: boolean): Change[] {
    // Judged again: it was wrong after that.
    if (endMs <= run.endMs) return []
    if (isWell) run.well++
    const { open, well } = run
    const passedMs = endMs - run.endMs
    const isOver = open
      ? well >= wellNeed || (passedMs >= UNKNOWN_MS && (well > 0 || open.isSolved))
      : isWell || passedMs >= APART_MS
    if (!isOver) return []
    runs.delete(key)
    return open ? [{ type: 'ended', run: open, atMs: endMs }] : []
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
      const { key, startMs, endMs, isSolved } = open
      const known = runs.get(key)
      if (known?.open?.id === open.id) known.open = { ...known.open, isSolved }
      if (!known) runs.set(key, { side: 'above', startMs, endMs, findings: [], well: 0, open })
    },
    openAt: key => runs.get(key)?.open,
  }
}
