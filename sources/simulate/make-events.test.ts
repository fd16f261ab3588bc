import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { eventReaders } from '../../governance/contract/event-parts.ts'
import { loadContracts } from '../../governance/contract/load.ts'
import { isJsonObject, type JsonObject } from '../../storage/json.ts'
import { makePerson, POOL_SIZE } from './make-person.ts'
import { seededRandom } from './seeded-random.ts'
import { simulatedSources } from './simulate.ts'
import { type SimulatedSource, spoilEvent } from './spoil-event.ts'
import { makeTransaction } from './transactions.ts'
import { makeUserProfile } from './user-profiles.ts'

const seeds = fc.integer()
const { contracts } = await loadContracts({
  schemasDir: fileURLToPath(new URL('../../schemas', import.meta.url)),
  policiesDir: fileURLToPath(new URL('../../policies', import.meta.url)),
  maxViolations: 20,
})

/** Keywords of what is wrong with the event, as the dataset's contract sees it. */
function faults(source: SimulatedSource, event: JsonObject): string[] {
  const contract = contracts.get(source)!
  const violations = contract.versions.get(contract.newest)!.validate(event)
  const time = eventReaders(contract).time(event)
  if (time && 'keyword' in time) violations.push(time)
  return violations.map(({ keyword }) => keyword)
}

function make(source: SimulatedSource, seed: number): JsonObject {
  return source === 'transactions' ? makeTransaction(seededRandom(seed)) : makeUserProfile(seededRandom(seed))
}

for (const source of simulatedSources) {
  test(`every simulated event of ${source} keeps its contract, and the same seed makes the same one`, () => {
    fc.assert(
      fc.property(seeds, seed => {
        const event = make(source, seed)
        assert.deepEqual(faults(source, event), [])
        assert.deepEqual(make(source, seed), event)
      }),
    )
  })

  test(`every spoiled event of ${source} breaks its contract, and the good one is untouched`, () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const event = make(source, seed)
      const spoiled = spoilEvent(event, source, seededRandom(seed))
      seen.add(spoiled.spoilage)
      assert.deepEqual(event, make(source, seed))
      assert.notDeepEqual(faults(source, spoiled.event), [], spoiled.spoilage)
    }
    assert.equal(seen.size, 6)
  })
}

test('a payment is never in the hour that a clock change skips', () => {
  // Paris skipped 02:00 to 03:00 on 2026-03-29, at 01:00 UTC.
  for (let minute = -30; minute < 30; minute++) {
    const event = makeTransaction(seededRandom(minute), Date.UTC(2026, 2, 29, 1, minute))
    assert.doesNotMatch(String(event.date), /T02:/)
  }
})

test('customers come back, and are the same people in both datasets', () => {
  const random = seededRandom(3)
  const ids = new Set(Array.from({ length: POOL_SIZE }, (_, index) => makePerson(index).id))
  assert.equal(ids.size, POOL_SIZE)
  const payers = Array.from({ length: 500 }, () => text(makeTransaction(random), 'utilisateur', 'idUtilisateur'))
  assert.ok(new Set(payers).size < 450)
  assert.ok(payers.every(id => ids.has(id)))
  const profiled = Array.from({ length: 2_000 }, () => text(makeUserProfile(random), 'login', 'uuid'))
  const payersProfiled = profiled.filter(id => ids.has(id)).length
  assert.ok(payersProfiled > 50 && payersProfiled < 200, String(payersProfiled))
})

test('one person has one profile, and most who are profiled are new', () => {
  const random = seededRandom(5)
  const profiles = new Map<string, JsonObject>()
  for (let i = 0; i < 10_000; i++) {
    const profile = makeUserProfile(random)
    const id = text(profile, 'login', 'uuid')
    assert.deepEqual(profile, profiles.get(id) ?? profile)
    profiles.set(id, profile)
  }
  assert.ok(profiles.size > 9_500 && profiles.size < 10_000, String(profiles.size))
})

function text(event: JsonObject, name: string, member: string): string {
  const object = event[name]
  assert.ok(isJsonObject(object))
  return String(object[member])
}
