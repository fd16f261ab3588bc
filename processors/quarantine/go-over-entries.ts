// Goes over the entries of a quarantine that a request names, page by page: what becomes of each is decided by the
// caller, written here. May be interrupted at any point and gone on with: what was done is found so, and is counted by
// what stands.

import { logEndMs } from '../../governance/contract/log-end.ts'
import {
  type AskedQuarantine,
  type Counts,
  countsOf,
  leavingOutcomes,
} from '../../governance/subjects/quarantine-request.ts'
import type { StoredRequest } from '../../governance/subjects/rights-request.ts'
import { RequestWaits, type RunningRequest } from '../../governance/subjects/running-request.ts'
import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import type { JsonValue } from '../../storage/json.ts'
import { isLeft, type StoredLeft, type StoredQuarantine } from '../../storage/stored-quarantine.ts'
import { asBody } from '../../storage/stored-shapes.ts'

/** Originals in memory at once; each as large as an event may be. */
const PAGE = 100
/** Requests of one dataset that are open at once and looked at. */
const MAX_OPEN = 100

/** What becomes of an entry. */
export interface Decided {
  id: string
  outcome: string
  /** What is different of one that stays. */
  change?: Partial<StoredQuarantine>
}

export interface Run {
  dataset: string
  asked: AskedQuarantine
  /** Only counts; nothing is written. */
  dryRun: boolean
  /** All there are. */
  outcomes: object
  /** How long the quarantine keeps, ms. */
  quarantineMs: () => number
  /** Idempotent: a page comes again where the process died before it was written. */
  decide: (entries: StoredDocument[]) => Promise<Decided[]>
}

interface Progress {
  /** The last entry gone over, or how many of the ids. */
  after: { value: string; id: string } | number | null
  /** Of a dry run; otherwise entries say themselves what became of them. */
  counts: Counts
  done: number
}

/** Entries by outcome, once all are gone over. */
export async function goOverEntries(
  { documents, now }: { documents: Documents; now: () => number },
  request: RunningRequest,
  run: Run,
): Promise<Counts> {
  const kept = request.content.progress.progress as unknown as Progress | undefined
  const progress = kept ?? { after: null, counts: {}, done: 0 }
  for (;;) {
    const { entries, after, isLast } = await nextPage(documents, request, run, progress.after)
    const decided = entries.length > 0 ? await run.decide(entries) : []
    if (run.dryRun) for (const { outcome } of decided) progress.counts[outcome] = (progress.counts[outcome] ?? 0) + 1
    else await write(documents, entries, decided)
    progress.after = after
    progress.done += entries.length
    await request.keep('progress', progress as unknown as JsonValue)
    await request.tellHolder('quarantine', progress.done, isLast)
    if (isLast) break
    // Where the process is asked to stop, another goes on from here; and whoever sends events has their turn.
    await request.wait(0)
  }
  return addUp(run, progress.counts)

  async function write(into: Documents, entries: StoredDocument[], decided: Decided[]): Promise<void> {
    const before = new Map(entries.map(entry => [entry.id, entry]))
    const written = decided.map(each => after(before.get(each.id)!, each))
    if (written.length > 0) await into.upsertNewer('quarantine', written)
  }

  function after(entry: StoredDocument, { outcome, change }: Decided): StoredDocument {
    const body = entry.body as unknown as StoredQuarantine
    const mark = { outcome, request: request.id }
    const version = entry.version + 1
    if (!leavingOutcomes.includes(outcome)) return { ...entry, version, body: asBody({ ...body, ...change, ...mark }) }
    const { receivedAt, subject } = body
    const left: StoredLeft = { left: run.dataset, receivedAt, subject, ...mark }
    // The log keeps its copy for no longer than the quarantine does.
    const logEnd = Date.parse(receivedAt) + logEndMs(run.quarantineMs())
    return { ...entry, version, expiresAtMs: Math.max(logEnd, entry.expiresAtMs ?? now()), body: asBody(left) }
  }

  async function addUp({ outcomes, asked, dryRun }: Run, counted: Counts): Promise<Counts> {
    const found: [string, number][] = dryRun
      ? Object.entries(counted)
      : (await documents.countBy('quarantine', 'outcome', { where: { request: request.id }, limit: MAX_OPEN })).map(
          ({ value, count }) => [String(value), count],
        )
    const counts = countsOf(outcomes, found)
    // Named, and not there, or not any more.
    const named = asked.ids?.length ?? 0
    const sum = Object.values(counts).reduce((total, count) => total + count, 0)
    return countsOf(outcomes, [...Object.entries(counts), ['gone', Math.max(0, named - sum)]])
  }
}

/** The entries that were there when the request was filed: whoever sends rejected events on and on does not prolong it. */
async function nextPage(
  documents: Documents,
  { filed }: RunningRequest,
  { dataset, asked: { cause, ids } }: Run,
  after: Progress['after'],
): Promise<{ entries: StoredDocument[]; after: Progress['after']; isLast: boolean }> {
  if (ids) {
    const begin = typeof after === 'number' ? after : 0
    const found = await documents.getAll('quarantine', ids.slice(begin, begin + PAGE))
    const isHere = (entry: StoredDocument | undefined) => entry && !isLeft(entry.body) && entry.body.dataset === dataset
    return {
      entries: found.filter(isHere) as StoredDocument[],
      after: begin + PAGE,
      isLast: begin + PAGE >= ids.length,
    }
  }
  const page = await documents.find('quarantine', {
    where: { dataset, cause: cause! },
    sort: { by: 'receivedAt', order: 'ascending' },
    limit: PAGE,
    ...(typeof after === 'object' && after && { after }),
  })
  const entries = page.filter(({ body }) => (body.receivedAt as string) <= filed.createdAt)
  const last = entries.at(-1)
  return {
    entries,
    after: last ? { value: last.body.receivedAt as string, id: last.id } : after,
    isLast: entries.length < PAGE,
  }
}

/**
 * Of two requests that change one quarantine, the one filed first goes first: else each would count what the other does.
 * @throws RequestWaits while it is not this one's turn
 */
export async function awaitTurn(
  { documents, now }: { documents: Documents; now: () => number },
  request: RunningRequest,
): Promise<void> {
  const { dataset } = request.filed
  const open = await documents.find('requests', { where: { dataset: dataset!, active: 1 }, limit: MAX_OPEN })
  const isAhead = ({ id, owner, ownedUntilMs, asked }: StoredRequest) =>
    id < request.id && owner !== null && ownedUntilMs > now() && asked?.dryRun !== true
  if (open.some(({ body }) => isAhead(body as unknown as StoredRequest)))
    throw new RequestWaits('another request about this quarantine was filed before; it goes first')
}
