// Producers as they should be: each has persons of its own, sends their events in order, and sends again, under the same
// ids, whatever was not answered for: after 503 and 429 as Retry-After says, after a broken connection at once, elsewhere.

import type { EventResult, IngestAnswer } from '../../gateway/outcome.ts'
import { countAnswer, type Ledger, nextEvent, type SentEvent } from './ledger.ts'
import { pauseMs } from './pause.ts'

const MAX_BATCH = 20
const PERSONS_EACH = 4
/** A pause between two batches is this long at most. */
const MAX_PAUSE_MS = 300
const DROPPED_PAUSE_MS = 100
/** A gateway that says nothing for so long is given up. */
const ANSWER_MS = 30_000
/** Longer than any fault lasts, and than healing may take. */
const GIVE_UP_MS = 240_000

export interface LoadOptions {
  ledger: Ledger
  /** Gateways' addresses as they are now. */
  targets: () => string[]
  dataset: string
  apiKey: string
  random: () => number
  /** 4 if undefined. */
  producers?: number
  /** Events in a batch at most; 20 if undefined. */
  maxBatch?: number
  /** Longest pause between two batches; 300 if undefined. */
  maxPauseMs?: number
}

export interface Load {
  /** Makes no new events; resolves when each producer's last ones are answered for. */
  stop(): Promise<void>
}

export function startLoad(options: LoadOptions): Load {
  const { random, producers = 4, maxBatch = MAX_BATCH, maxPauseMs = MAX_PAUSE_MS } = options
  const run = Math.floor(random() * 2 ** 32).toString(16)
  let stopping = false

  async function produce(producer: number): Promise<void> {
    while (!stopping) {
      const person = () => `${run}-${producer}-${Math.floor(random() * PERSONS_EACH)}`
      const batch = Array.from({ length: 1 + Math.floor(random() * maxBatch) }, () =>
        nextEvent(options.ledger, person()),
      )
      await sendUntilAnswered(options, batch, producer)
      if (maxPauseMs > 0) await pauseMs(random() * maxPauseMs)
    }
  }

  const producing = Promise.all(Array.from({ length: producers }, (_, i) => produce(i)))
  // Told when the load is stopped.
  producing.catch(() => {})
  return {
    stop: async () => {
      stopping = true
      await producing
    },
  }
}

/**
 * Sends events until each is answered for.
 * @param first which of the gateways is asked first
 * @throws Error when some are not, for longer than any fault lasts
 */
export async function sendUntilAnswered(
  options: Pick<LoadOptions, 'ledger' | 'targets' | 'dataset' | 'apiKey'>,
  events: SentEvent[],
  first = 0,
): Promise<void> {
  const { ledger, targets, dataset, apiKey } = options
  let target = first
  const startMs = performance.now()
  for (let left = events; left.length > 0; ) {
    const addresses = targets()
    const url = `${addresses[target % addresses.length]}/v1/datasets/${dataset}/events`
    const outcome = await post(url, apiKey, left, ledger)
    if (outcome.dropped) target++
    if (performance.now() - startMs > GIVE_UP_MS) throw new Error(`events were not answered for in ${GIVE_UP_MS} ms`)
    left = left.filter((_, i) => !outcome.answered.has(i))
    if (left.length > 0) await pauseMs(outcome.retryAfterMs)
  }
}

interface PostOutcome {
  /** Indexes of events that need not be sent again. */
  answered: Set<number>
  retryAfterMs: number
  dropped: boolean
}

async function post(url: string, apiKey: string, events: SentEvent[], ledger: Ledger): Promise<PostOutcome> {
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(events.map(({ event }) => event)),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    text = await response.text()
  } catch {
    countAnswer(ledger, 'dropped')
    return { answered: new Set(), retryAfterMs: DROPPED_PAUSE_MS, dropped: true }
  }
  countAnswer(ledger, String(response.status))
  const retryAfterMs = 1_000 * Number(response.headers.get('retry-after') ?? 1)
  if (![202, 429, 503].includes(response.status)) ledger.wrong.push(`${response.status}: ${text.slice(0, 500)}`)
  if ([429, 503].includes(response.status) && !response.headers.has('retry-after'))
    ledger.wrong.push(`${response.status} without Retry-After`)
  const { results = [] } = JSON.parse(text) as Partial<IngestAnswer>
  const answered = results.filter(result => isAnswered(result, events, ledger)).map(({ index }) => index)
  return { answered: new Set(answered), retryAfterMs, dropped: false }
}

function isAnswered(result: EventResult, events: SentEvent[], ledger: Ledger): boolean {
  if (!('outcome' in result)) return false
  const { id } = events[result.index]!
  if (result.outcome === 'accepted' && result.id === id) ledger.accepted.add(id)
  else ledger.wrong.push(`${id} was answered ${JSON.stringify(result).slice(0, 500)}`)
  return true
}
