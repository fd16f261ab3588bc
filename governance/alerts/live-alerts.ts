// The alert rules in force. A good edit replaces them as a whole; a bad one changes nothing and is reported until it is
// mended. A file that is taken away alerts nobody.

import { stat } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Diagnostic } from '../contract/diagnostic.ts'
import { type AlertPolicy, noAlerts } from './alert-policy.ts'
import { alertsFileIn, loadAlerts } from './read-alerts.ts'

export interface LiveAlerts {
  current(): AlertPolicy
  /** What the last reading found wrong: the file as it stands now, which may be newer than what is in force. */
  diagnostics(): Diagnostic[]
  /** Reads the file if it changed and this look finds it as the one before did: nobody is writing it. */
  look(): Promise<void>
}

export interface LiveAlertsOptions {
  /** May hold `alerts.yaml`. */
  policiesDir: string
  now: () => number
  /** Called when the file was found wrong, or right again (no errors then): once, until it changes. */
  onProblem(diagnostics: Diagnostic[]): void
}

/** Reads the file once. One that is wrong from the beginning alerts nobody until it is mended. */
export async function openLiveAlerts({ policiesDir, now, onProblem }: LiveAlertsOptions): Promise<LiveAlerts> {
  let live = noAlerts
  let diagnostics: Diagnostic[] = []
  let seen = ''
  let glimpsed = await fingerprint()

  async function fingerprint(): Promise<string> {
    const found = await stat(alertsFileIn(policiesDir)).catch(
      (error: NodeJS.ErrnoException) => error.code ?? error.name,
    )
    if (typeof found === 'string') return found
    return [found.mtimeMs, found.ctimeMs, found.size, found.ino].join(' ')
  }

  async function read(print: string): Promise<void> {
    const loaded = await loadAlerts(policiesDir, { nowMs: now() })
    if ((await fingerprint()) !== print) return
    seen = print
    live = loaded.policy ?? live
    const isTold = isDeepStrictEqual(loaded.diagnostics, diagnostics)
    diagnostics = loaded.diagnostics
    if (!isTold) onProblem(diagnostics)
  }

  await read(glimpsed)
  return {
    current: () => live,
    diagnostics: () => diagnostics,
    look: async () => {
      const print = await fingerprint()
      const isStill = print === glimpsed
      glimpsed = print
      if (print !== seen && isStill) await read(print)
    },
  }
}
