// Windows that are wrong in a row become one anomaly: opened once there are enough of them, extended while it lasts, over
// after so many that are well again.

import type { WindowKind } from './anomaly-kinds.ts'
import { MINUTE_MS } from './history.ts'
import type { Finding, Verdicts } from './look-at-window.ts'

/** Windows in a row that have to be well before an anomaly is over; until then another one is the same. */
export const WELL_NEED = 10
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
  /** The verdicts of the next window. */
  step(window: { startMs: number; endMs: number }, verdicts: Verdicts): Change[]
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

/** How long windows are, and how many of them have to be well. */
export interface Pace {
  windowMs: number
  wellNeed: number
}

/** @param idOf of the anomaly that begins then */
export function openRuns(
  idOf: (kind: WindowKind, key: string, startMs: number) => string,
  { windowMs, wellNeed }: Pace = { windowMs: MINUTE_MS, wellNeed: WELL_NEED },
): Runs {
  const runs = new Map<string, Run>()

  function wrong(key: string, { startMs, endMs }: { startMs: number; endMs: number }, finding: Finding): Change[] {
    const known = runs.get(key)
    if (known?.open) {
      known.well = 0
      known.endMs = endMs
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
    if (isWell) run.well++
    const isOver = run.open ? run.well >= wellNeed : isWell || endMs - run.endMs >= wellNeed * windowMs
    if (!isOver && endMs - run.endMs < UNKNOWN_MS) return []
    runs.delete(key)
    return run.open ? [{ type: 'ended', run: run.open, atMs: endMs }] : []
  }

  return {
    step: (window, verdicts) => {
      const changes: Change[] = []
      for (const [key, run] of [...runs]) {
        const verdict = verdicts.get(key)
        if (verdict === undefined || verdict === 'fine')
          changes.push(...notWrong(key, run, window.endMs, verdict === 'fine'))
      }
      for (const [key, verdict] of verdicts) if (verdict !== 'fine') changes.push(...wrong(key, window, verdict))
      return changes
    },
    adopt: open => {
      if (runs.has(open.key)) return
      const { startMs, endMs } = open
      runs.set(open.key, { side: 'above', startMs, endMs, findings: [], well: 0, open })
    },
  }
}
