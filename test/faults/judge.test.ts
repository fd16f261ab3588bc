import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { judge, type Stored } from './judge.ts'
import { newLedger, nextEvent, type SentEvent } from './ledger.ts'

/** Two events of one person and one of another, all accepted and stored as they should be. */
function sound() {
  const ledger = newLedger()
  const events = ['ann', 'ann', 'ben'].map(person => nextEvent(ledger, person))
  for (const { id } of events) ledger.accepted.add(id)
  const stored: Stored = {
    archive: events.map(archived),
    log: events.map(({ id, person }, offset) => ({ id, partition: partitionOf(person), offset })),
  }
  return { ledger, events, stored }
}

const partitionOf = (person: string) => (person === 'ann' ? 0 : 1)

function archived({ id, person, event }: SentEvent, offset: number): StoredEvent {
  const { utilisateur: _, lieu: __, ...kept } = event
  const position = { incarnation: 'i', partition: partitionOf(person), offset }
  return {
    id,
    subject: `p-${person}`,
    position,
    event: { ...kept, utilisateur: { nom: 'e1.x' } },
  } as unknown as StoredEvent
}

const broken = ({ ledger, stored }: ReturnType<typeof sound>) => judge(ledger, stored).broken

test('a run in which all is well breaks nothing; a further copy in the log is counted', () => {
  const run = sound()
  run.stored.log.push({ id: run.events[0]!.id, partition: 0, offset: 7 })
  assert.deepEqual(judge(run.ledger, run.stored), {
    sent: 3,
    accepted: 3,
    stored: 3,
    lost: 0,
    invented: 0,
    doubled: 1,
    broken: [],
  })
})

test('an event that was sent and never answered may be stored or not', () => {
  const run = sound()
  run.ledger.accepted.delete(run.events[0]!.id)
  assert.deepEqual(broken(run), [])
  run.stored.archive.shift()
  run.stored.log.shift()
  assert.deepEqual(broken(run), [])
})

const breakings: [what: string, how: (run: ReturnType<typeof sound>) => void, told: RegExp][] = [
  ['lost from the archive', ({ stored }) => void stored.archive.pop(), /not in the archive/],
  ['lost from the log', ({ stored }) => void stored.log.pop(), /not in the log/],
  ['invented', ({ ledger, events }) => void ledger.sent.delete(events[2]!.id), /never sent/],
  ['archived twice', ({ stored }) => void stored.archive.push(stored.archive[2]!), /more than once/],
  [
    'archived from a later copy',
    ({ stored, events }) => void stored.log.push({ id: events[2]!.id, partition: 1, offset: 0 }),
    /first copy/,
  ],
  ['altered', ({ stored }) => void Object.assign(stored.archive[1]!.event, { montant: 0 }), /altered/],
  ['altered deep inside', ({ stored }) => void Object.assign(stored.archive[1]!.event, { details: {} }), /altered/],
  [
    'in the clear',
    ({ stored, events }) => void Object.assign(stored.archive[1]!.event, { utilisateur: events[1]!.event.utilisateur }),
    /altered/,
  ],
  [
    'out of order',
    ({ stored }) => {
      for (const at of [stored.archive[0]!.position, stored.log[0]!]) at.offset = 9
    },
    /ann: event 1 stands after event 2/,
  ],
  [
    'in two partitions',
    ({ stored }) => void Object.assign(stored.archive[1]!.position, { partition: 5 }),
    /several partitions/,
  ],
  ['of two pseudonyms', ({ stored }) => void Object.assign(stored.archive[1]!, { subject: 'other' }), /2 pseudonyms/],
  ['answered with 500', ({ ledger }) => void ledger.wrong.push('500: internal'), /nobody may be given/],
]

for (const [what, how, told] of breakings)
  test(`the oracle sees an event that is ${what}`, () => {
    const run = sound()
    how(run)
    assert.match(broken(run).join('\n'), told)
  })
