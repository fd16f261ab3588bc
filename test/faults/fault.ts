// One fault, in rounds: load runs, something breaks and heals, a fresh event must flow again, and the oracle judges all
// that was ever sent. How many rounds is said by test/faults/run.ts; one, if a file is run by itself.

import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { seededRandom } from '../../sources/simulate/seeded-random.ts'
import type { FaultRow } from './fault-table.ts'
import { type Fleet, type FleetOptions, startFleet } from './fleet.ts'
import { judge, type Verdict } from './judge.ts'
import { type Ledger, newLedger, nextEvent } from './ledger.ts'
import { holdsWithin, pauseMs } from './pause.ts'
import { type Eye, openEye } from './read-stored.ts'
import { type LoadOptions, sendUntilAnswered, startLoad } from './send-load.ts'

/** Set by the runner. */
export const faultRun = { rounds: 1, seed: randomInt(2 ** 31) }

/** What was measured, one row a fault. */
export const rows: FaultRow[] = []

const HEAL_MS = 30_000
const SETTLE_MS = 90_000
const WARM_MS = 60_000
const WARM_EVENTS = 60

export interface FaultRound {
  fleet: Fleet
  eye: Eye
  ledger: Ledger
  random: () => number
  /** From 0. */
  round: number
  /** Resolves when so many more events were accepted. */
  accepts(more: number): Promise<void>
  /** Lets the fault last for a random time between these. */
  lasts(leastMs: number, mostMs: number): Promise<void>
  /** Stands in the table. */
  note(text: string): void
}

export interface Fault extends Partial<Omit<FleetOptions, 'settings'>> {
  /** Over those of the engines. */
  settings?: () => Promise<Record<string, string>>
  /** As the table names it. */
  name: string
  /** The test's name. */
  promise: string
  load?: Pick<Partial<LoadOptions>, 'producers' | 'maxBatch' | 'maxPauseMs'>
  /** Another fleet than one on the shared servers. */
  start?: () => Promise<Fleet>
  /** Breaks something, and heals it; resolves once it is whole again. */
  strike: (round: FaultRound) => Promise<void>
}

export function faultTest(fault: Fault): void {
  const { name, promise, gateways = 1, processors = 1, settings } = fault
  const start = fault.start ?? (async () => startFleet({ gateways, processors, settings: await settings?.() }))
  test(`${name}: ${promise}`, async t => {
    const seed = faultRun.seed
    t.diagnostic(`seed ${seed}`)
    const fleet = await start()
    const row: FaultRow = { fault: name, ...nothingYet, seed }
    rows.push(row)
    let eye: Eye | undefined
    try {
      eye = await openEye(fleet.settings, fleet)
      await playRounds(t, fault, { fleet, eye, row, random: seededRandom(seed) })
    } catch (error) {
      t.diagnostic(fleet.output())
      throw error
    } finally {
      await eye?.close()
      await fleet.stop()
    }
  })
}

const nothingYet = { rounds: 0, events: 0, lost: 0, invented: 0, doubled: 0, slowestHealMs: 0, note: '' }

interface Play {
  fleet: Fleet
  eye: Eye
  row: FaultRow
  random: () => number
}

async function playRounds(t: TestContext, fault: Fault, { fleet, eye, row, random }: Play): Promise<void> {
  const ledger = newLedger()
  const sending = { ledger, targets: fleet.addresses, dataset: fleet.dataset, apiKey: fleet.key('producer') }
  for (let round = 0; round < faultRun.rounds; round++) {
    const load = startLoad({ ...sending, random, ...fault.load })
    const accepts = async (more: number) => {
      const enough = ledger.accepted.size + more
      await holdsWithin(WARM_MS, `${more} more events are accepted`, () => ledger.accepted.size >= enough)
    }
    let healMs: number
    try {
      await accepts(WARM_EVENTS)
      const lasts = (leastMs: number, mostMs: number) => pauseMs(leastMs + random() * (mostMs - leastMs))
      const note = (text: string) => {
        row.note = text
      }
      await fault.strike({ fleet, eye, ledger, random, round, accepts, lasts, note })
      healMs = await freshEventFlows(sending, eye)
    } finally {
      await load.stop()
    }
    const verdict = await settle(ledger, eye)
    Object.assign(row, summary(verdict), {
      rounds: round + 1,
      slowestHealMs: Math.max(row.slowestHealMs, Math.round(healMs)),
    })
    t.diagnostic(`round ${round + 1}: ${JSON.stringify(summary(verdict))}, healed after ${Math.round(healMs)} ms`)
    t.diagnostic(`answers: ${JSON.stringify(Object.fromEntries(ledger.answers))}`)
    assert.deepEqual(verdict.broken, [])
    assert.ok(healMs <= HEAL_MS, `a fresh event took ${Math.round(healMs)} ms`)
  }
}

const summary = ({ accepted, lost, invented, doubled }: Verdict) => ({ events: accepted, lost, invented, doubled })

/** How long a new person's event takes to be accepted and archived, ms. */
async function freshEventFlows(sending: Parameters<typeof sendUntilAnswered>[0], eye: Eye): Promise<number> {
  const startMs = performance.now()
  const fresh = nextEvent(sending.ledger, `fresh-${sending.ledger.sent.size}`)
  await sendUntilAnswered(sending, [fresh])
  await holdsWithin(SETTLE_MS, 'a fresh event is archived', () => eye.isArchived(fresh.id))
  return performance.now() - startMs
}

/** Waits until the processors have handled all there is, and judges. */
async function settle(ledger: Ledger, eye: Eye): Promise<Verdict> {
  await holdsWithin(SETTLE_MS, 'the processors have handled everything', async () => (await eye.lag()) === 0)
  return judge(ledger, await eye.read())
}
