// The way of an event, from a request's body to the log: parse, check, look up, protect, append, answer. Nothing is
// accepted before the log has it on disk; nothing reaches the log before its policy has been applied.

import type { LiveContract } from '../governance/contract/catalogue.ts'
import { quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { type CheckedEvent, checkEvent } from '../governance/ingestion/check-event.ts'
import { type GovernDeps, type GovernedEvent, governEvent } from '../governance/ingestion/govern-event.ts'
import type { IncomingEvent } from '../governance/ingestion/incoming-event.ts'
import type { Receipts } from '../governance/ingestion/receipts.ts'
import { withinLease } from '../governance/ingestion/within-lease.ts'
import type { LivingPerson, People, Person } from '../governance/subjects/people.ts'
import type { LogRecord } from '../storage/event-log/event-log.ts'
import { type QuarantineRecord, writeQuarantineRecord } from '../storage/quarantine-record.ts'
import { type EventResult, type IngestAnswer, IngestInterrupted } from './outcome.ts'
import { rejectionProblem } from './problem.ts'
import { quarantineEvent } from './quarantine-event.ts'

type IngestedEvent =
  | { outcome: 'accepted'; result: EventResult; record: LogRecord }
  | { outcome: 'suppressed'; result: EventResult }
  | { outcome: 'rejected'; result: EventResult; quarantine: QuarantineRecord | undefined }

export interface IngestDeps extends GovernDeps {
  people: People
  /** To the log, with a receipt of what was counted. */
  receipts: Receipts
  now: () => number
  /** What producers are answered for an event that is suppressed. */
  tellSuppressed: 'suppressed' | 'accepted'
  /** Told of outcomes, as `accepted`, or `rejected, not stored` for events whose original may not be kept. */
  count: (dataset: string, outcome: string, events: number) => void
}

export interface IngestRequest {
  contract: LiveContract
  /** Steps 1 and 2 of the design: authorised, and parsed strictly, in bounded chunks. */
  events: AsyncIterable<IncomingEvent[]>
  /** Named by the `Ecluse-Schema` header. */
  schemaVersion: string | undefined
  /** An id for the event at this index, should it have none: the same for a repeated request that carries a key. */
  makeId: (index: number) => string
  /** W3C Trace Context for what this request appends. */
  traceparent: string
  /** How the events came: sealed with the originals of rejected ones, so that they can be read again. */
  contentType: string
  /** Told how many events arrived, chunk by chunk. */
  onArrival: (events: number) => void
}

/**
 * Takes a request's events to the log, chunk by chunk, and says what became of each.
 * @throws IngestInterrupted when something fails after part of the request was answered for; otherwise whatever failed:
 * RequestRefused, VaultUnavailable, EventLogUnavailable
 */
export async function ingest(deps: IngestDeps, request: IngestRequest): Promise<IngestAnswer> {
  const { dataset } = request.contract
  const answer: IngestAnswer = { received: 0, accepted: 0, suppressed: 0, rejected: 0, results: [] }
  let failure: unknown
  try {
    for await (const incoming of request.events) {
      request.onArrival(incoming.length)
      // After a failure the rest is read all the same, so that each event has an answer.
      const results =
        failure === undefined
          ? await ingestChunk(deps, request, incoming).catch(error => fail(error, incoming))
          : retryLater(incoming)
      for (const result of results) addResult(answer, result)
    }
  } catch (error) {
    failure ??= error
  }
  if (failure === undefined) return answer
  throw answer.results.length === 0 ? failure : new IngestInterrupted(answer, failure)

  function fail(error: unknown, incoming: IncomingEvent[]): EventResult[] {
    failure = error
    const results = retryLater(incoming)
    // Nothing is answered for yet: then the request as a whole has failed.
    if (answer.results.length === 0) throw error
    return results
  }

  function retryLater(incoming: IncomingEvent[]): EventResult[] {
    deps.receipts.owe(dataset, deps.now(), incoming.length)
    return incoming.map(({ index }) => ({ index, retryable: true }))
  }
}

async function ingestChunk(
  deps: IngestDeps,
  request: IngestRequest,
  incoming: IncomingEvent[],
): Promise<EventResult[]> {
  const { contract } = request
  // One for the whole chunk: its receipt counts it in one minute.
  const receivedAtMs = deps.now()
  const checked = incoming.map(event => checkEvent(contract, request, event))
  const stamped = { ...deps, now: () => receivedAtMs }
  const governed = await withinLease(deps.people, checked, subjects => governAll(stamped, request, checked, subjects))
  const records = governed.flatMap(event =>
    event.outcome === 'accepted'
      ? { topic: topicOf(contract.dataset), record: event.record }
      : event.outcome === 'rejected' && event.quarantine
        ? { topic: quarantineTopicOf(contract.dataset), record: writeQuarantineRecord(event.quarantine) }
        : [],
  )
  await deps.receipts.append(
    { dataset: contract.dataset, receivedAtMs, received: incoming.length, ...countOutcomes(governed) },
    records,
  )
  for (const [outcome, events] of Object.entries(Object.groupBy(governed, outcomeName)))
    deps.count(contract.dataset, outcome, events!.length)
  return governed.map(({ result }) => told(deps, result))
}

/** What was counted is true; what a producer learns of persons may be less. */
function told({ tellSuppressed }: IngestDeps, result: EventResult): EventResult {
  return 'outcome' in result && result.outcome === 'suppressed' ? { ...result, outcome: tellSuppressed } : result
}

/** The events' outcomes, what the log gets of them, and what their producer is told. */
async function governAll(
  deps: IngestDeps,
  request: IngestRequest,
  checked: CheckedEvent[],
  subjects: (Person | undefined)[][],
): Promise<IngestedEvent[]> {
  const { contract, traceparent } = request
  const ingested: IngestedEvent[] = []
  for (const [i, event] of checked.entries()) {
    const receivedAt = new Date(deps.now()).toISOString()
    const governed = governEvent(deps, { contract, traceparent, receivedAt }, event, subjects[i]!)
    if (governed.outcome === 'rejected') ingested.push(await reject(deps, request, governed, subjects[i]!))
    else ingested.push({ ...governed, result: { index: event.index, id: event.id!, outcome: governed.outcome } })
  }
  return ingested
}

function countOutcomes(governed: IngestedEvent[]) {
  const counts = { accepted: 0, suppressed: 0, rejected: 0 }
  for (const { outcome } of governed) counts[outcome]++
  return counts
}

async function reject(
  deps: IngestDeps,
  request: IngestRequest,
  { rejected, fenced }: Extract<GovernedEvent, { outcome: 'rejected' }>,
  persons: (Person | undefined)[],
): Promise<IngestedEvent> {
  const { index, id, version, violations } = rejected
  const problem = rejectionProblem(`${request.contract.dataset}/${version.version}`, violations)
  const result: EventResult = {
    index,
    ...(id === undefined ? {} : { id }),
    outcome: 'rejected',
    retryable: false,
    problem,
  }
  // Of who is fenced nothing is stored.
  const living = persons as (LivingPerson | undefined)[]
  const quarantine = fenced ? undefined : await quarantineEvent(deps, request, rejected, living)
  return { outcome: 'rejected', result, quarantine }
}

function outcomeName(event: IngestedEvent): string {
  return event.outcome === 'rejected' && !event.quarantine ? 'rejected, not stored' : event.outcome
}

function addResult(answer: IngestAnswer, result: EventResult): void {
  answer.received++
  if ('outcome' in result) answer[result.outcome]++
  answer.results.push(result)
}
