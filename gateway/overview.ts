// What this process knows of the way of events, as numbers for people: what came to each dataset and what became of it
// since the process started, and which ports answer. Names and counts alone.

import type { Measurement, Telemetry } from '../runtime/telemetry.ts'
import type { LookAtPorts, PortState } from './watch-ports.ts'

/** How long what was read is good for, ms: however many watch, it is read once. */
const FRESH_MS = 800

/** Of one dataset, since the process started. */
export interface Flow {
  dataset: string
  received: number
  accepted: number
  rejected: number
  suppressed: number
  /** Null where processors run in other processes, or its reader may not learn it; so may `held` be missing. */
  stored: { effective: number; duplicate: number; conflict: number; held?: number; quarantined: number } | null
}

export interface Overview {
  /** RFC 3339. */
  at: string
  /** When the process started: its counts begin there. */
  since: string
  ports: Record<string, PortState>
  /** Records that processors have still to handle; null where they run elsewhere, or the log does not tell. */
  waiting: number | null
  flows: Flow[]
}

export interface OverviewDeps {
  telemetry: Pick<Telemetry, 'read'>
  lookAtPorts: LookAtPorts
  /** Whether processors run in this process. */
  carriesOn: boolean
  /** Milliseconds since the epoch. */
  now: () => number
}

/** @returns reads the overview of all datasets: whoever asks within moments shares one reading */
export function watchOverview({ telemetry, lookAtPorts, carriesOn, now }: OverviewDeps): () => Promise<Overview> {
  const since = new Date(now()).toISOString()

  async function read(): Promise<Overview> {
    const [metrics, ports] = await Promise.all([telemetry.read(), lookAtPorts()])
    const lag = metrics.get('ecluse_processor_lag_records')?.[0]?.value
    return {
      at: new Date(now()).toISOString(),
      since,
      ports,
      waiting: lag ?? null,
      flows: flowsOf(
        metrics.get('ecluse_gateway_events') ?? [],
        carriesOn ? (metrics.get('ecluse_processor_records') ?? []) : null,
      ),
    }
  }

  let last: Promise<Overview> | undefined
  return () => {
    last ??= read().finally(() => setTimeout(() => (last = undefined), FRESH_MS).unref())
    return last
  }
}

export interface OverviewView {
  /** Whether the caller may learn how many events were suppressed or held: whoever reads the dataset's ledger. */
  seesLedger: (dataset: string) => boolean
  /** What producers are answered for an event that is suppressed. */
  tellSuppressed: 'suppressed' | 'accepted'
}

/**
 * As one caller may see it. Who may not read the ledger sees no more than producers are answered: one event that is sent,
 * and one number that grows, would tell of its person.
 */
export function showOverview(overview: Overview, { seesLedger, tellSuppressed }: OverviewView): Overview {
  const { waiting, flows } = overview
  // What is suppressed is never on its way: that it is not would tell as much.
  const seesWaiting = tellSuppressed === 'suppressed' || flows.every(({ dataset }) => seesLedger(dataset))
  return {
    ...overview,
    waiting: seesWaiting ? waiting : null,
    flows: flows.map(flow => (seesLedger(flow.dataset) ? flow : asAnswered(flow, tellSuppressed))),
  }
}

/**
 * What is held counts as stored. Where producers are not told that an event was suppressed, it counts as accepted, and what
 * was stored, which it is missing from, is not told.
 */
function asAnswered(flow: Flow, tellSuppressed: OverviewView['tellSuppressed']): Flow {
  const { accepted, suppressed, stored } = flow
  if (tellSuppressed === 'accepted') return { ...flow, accepted: accepted + suppressed, suppressed: 0, stored: null }
  if (stored === null) return flow
  const { held = 0, ...others } = stored
  return { ...flow, stored: { ...others, effective: others.effective + held } }
}

/** By dataset, in order of names. @param carried null where it is not known here */
export function flowsOf(came: Measurement[], carried: Measurement[] | null): Flow[] {
  const names = new Set([...came, ...(carried ?? [])].map(({ labels }) => labels.dataset!))
  return [...names].sort().map(dataset => {
    const count = (of: Measurement[], label: string, ...wanted: string[]) =>
      of
        .filter(({ labels }) => labels.dataset === dataset && wanted.includes(labels[label]!))
        .reduce((sum, { value }) => sum + value, 0)
    const accepted = count(came, 'outcome', 'accepted')
    const rejected = count(came, 'outcome', 'rejected', 'rejected, not stored')
    const suppressed = count(came, 'outcome', 'suppressed')
    const effect = (...wanted: string[]) => count(carried!, 'effect', ...wanted)
    return {
      dataset,
      received: accepted + rejected + suppressed,
      accepted,
      rejected,
      suppressed,
      stored: carried && {
        effective: effect('effective'),
        duplicate: effect('duplicate'),
        conflict: effect('conflict'),
        held: effect('held'),
        quarantined: effect('quarantined'),
      },
    }
  })
}
