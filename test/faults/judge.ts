// The oracle: compares what producers were promised with what rests in the log and in the archive, and lists every
// broken promise.

import type { JsonObject } from '../../storage/json.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import type { Ledger, SentEvent } from './ledger.ts'

/** Fields that the policy keeps, compared whole; the rest is protected and may not be readable. */
const KEPT = ['montant', 'type_transaction', 'moyen_paiement', 'devise', 'date', 'details']

/** A copy of an event in the log. */
export interface LogCopy {
  id: string
  partition: number
  offset: number
}

export interface Stored {
  archive: StoredEvent[]
  log: LogCopy[]
}

export interface Verdict {
  sent: number
  accepted: number
  stored: number
  /** Accepted, and not in the archive. */
  lost: number
  /** In log or archive, and never sent. */
  invented: number
  /** Copies in the log beyond the first: without effect. */
  doubled: number
  /** One sentence for each broken promise; at most some of each kind. */
  broken: string[]
}

const SHOWN = 5

export function judge(ledger: Ledger, { archive, log }: Stored): Verdict {
  const archived = new Map(archive.map(event => [event.id, event]))
  const firstCopies = firstOf(log)
  const lost = [...ledger.accepted].filter(id => !archived.has(id))
  const notInLog = [...ledger.accepted].filter(id => !firstCopies.has(id))
  const invented = [...new Set([...archived.keys(), ...firstCopies.keys()])].filter(id => !ledger.sent.has(id))
  const twice = archive.length - archived.size
  const misplaced = archive.filter(event => !standsAt(event, firstCopies.get(event.id)))
  const altered = archive.filter(event => isAltered(event, ledger.sent.get(event.id)))
  return {
    sent: ledger.sent.size,
    accepted: ledger.accepted.size,
    stored: archived.size,
    lost: lost.length,
    invented: invented.length,
    doubled: log.length - firstCopies.size,
    broken: [
      ...some('was accepted and is not in the archive', lost),
      ...some('was accepted and is not in the log', notInLog),
      ...some('was never sent', invented),
      ...(twice > 0 ? [`${twice} events are archived more than once`] : []),
      ...some(
        'is not archived from its first copy in the log',
        misplaced.map(({ id }) => id),
      ),
      ...some(
        'was altered',
        altered.map(({ id }) => id),
      ),
      ...outOfOrder(ledger, archive),
      ...some('is an answer nobody may be given', [...ledger.wrong]),
    ],
  }
}

function some(what: string, which: string[]): string[] {
  const shown = which.slice(0, SHOWN).map(each => `${each} ${what}`)
  return which.length > SHOWN ? [...shown, `and ${which.length - SHOWN} more: … ${what}`] : shown
}

function firstOf(log: LogCopy[]): Map<string, LogCopy> {
  const first = new Map<string, LogCopy>()
  for (const copy of log) {
    const known = first.get(copy.id)
    // Copies of an event share their person's partition.
    if (!known || copy.offset < known.offset) first.set(copy.id, copy)
  }
  return first
}

function standsAt({ position }: StoredEvent, copy: LogCopy | undefined): boolean {
  return copy !== undefined && position.partition === copy.partition && position.offset === copy.offset
}

function isAltered({ event }: StoredEvent, sent: SentEvent | undefined): boolean {
  if (!sent) return false
  const person = sent.event.utilisateur as JsonObject
  const clear = Object.values(person).some(value => JSON.stringify(event).includes(JSON.stringify(value)))
  return clear || !KEPT.every(name => canonical(event[name]) === canonical(sent.event[name]))
}

/** Members in one order: a store may keep them in another. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    each && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}

/** A person's events stand in one partition, in the order in which they were sent. */
function outOfOrder({ sent }: Ledger, archive: StoredEvent[]): string[] {
  const known = archive.filter(({ id }) => sent.has(id))
  const persons = Map.groupBy(known, ({ id }) => sent.get(id)!.person)
  return [...persons].flatMap(([person, events]) => {
    const inOrder = events.toSorted((a, b) => a.position.offset - b.position.offset)
    const sequences = inOrder.map(({ id }) => sent.get(id)!.sequence)
    const back = sequences.findIndex((sequence, i) => i > 0 && sequence < sequences[i - 1]!)
    const apart = new Set(events.map(({ position }) => position.partition)).size > 1
    const persons = new Set(events.map(({ subject }) => subject)).size
    return [
      ...(back > 0 ? [`${person}: event ${sequences[back]} stands after event ${sequences[back - 1]}`] : []),
      ...(apart ? [`${person}: events stand in several partitions`] : []),
      ...(persons > 1 ? [`${person} has ${persons} pseudonyms`] : []),
    ]
  })
}
