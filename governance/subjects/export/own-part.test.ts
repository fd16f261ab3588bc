import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import { eventOf, type RandomContract, randomContract } from '../../access/random-contract.ts'
import type { Action } from '../../protection/action.ts'
import { personKeys } from '../../protection/person-keys.ts'
import { protect } from '../../protection/protect.ts'
import { ownOriginal, ownPart } from './own-part.ts'

const me = { pseudonym: 'p1.me', id: 'id of me', keys: personKeys(Buffer.alloc(32, 1)) }
const you = { pseudonym: 'p1.you', id: 'id of you', keys: personKeys(Buffer.alloc(32, 2)) }

/** Stands for whatever is stored of a value: whose it is can be seen in it. */
const marker = (): Action => ({
  name: 'keep',
  apply: (_value, _pointer, { pseudonym }) => `@${pseudonym}`,
  derive: () => ({}),
})

function stored(of: RandomContract, event: JsonObject) {
  const contextOf = ({ pseudonym, keys }: typeof me) => ({
    dataset: 'random',
    eventId: 'e1',
    keys,
    pseudonym,
    domainKeys: () => [],
  })
  const others = new Map([['you', contextOf(you)]])
  const protectedEvent = protect(of.plan, event, { primary: contextOf(me), others, redacted: new Set() })
  return { dataset: 'random', id: 'e1', subject: me.pseudonym, event: protectedEvent }
}

function texts(value: JsonValue): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : []
}

const withEvent = randomContract(marker).chain(of => fc.tuple(fc.constant(of), eventOf(of)))

test('of random events about two persons, each is given all of their own and nothing of the other', () => {
  fc.assert(
    fc.property(withEvent, fc.boolean(), ([of, event], isFirst) => {
      const before = stored(of, event)
      const [own, other] = isFirst ? [me, you] : [you, me]
      const found = texts(ownPart(of.stored, before, new Map([[own.pseudonym, own]])).event)
      const wanted = texts(before.event).filter(text => text === `@${own.pseudonym}`)
      assert.deepEqual(
        found.filter(text => text.startsWith('@')),
        wanted,
      )
      assert.ok(found.includes(own.id))
      assert.ok(!found.some(text => text === other.id || text === other.pseudonym))
    }),
    { numRuns: 500 },
  )
})

test('what the contract does not know is nobody’s', () => {
  fc.assert(
    fc.property(withEvent, ([of, event]) => {
      const before = stored(of, event)
      const stranger = { ...before, event: { ...before.event, stranger: '@stranger' } }
      const found = ownPart(of.stored, stranger, new Map([[me.pseudonym, me]]))
      assert.ok(!texts(found.event).includes('@stranger'))
    }),
    { numRuns: 50 },
  )
})

const json = (value: unknown) => ({
  contentType: 'application/json',
  attributes: undefined,
  body: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
})
const field = (pointer: string, of?: string) =>
  ({ pointer, level: 'internal', action: 'keep', whole: false, ...(of !== undefined && { of }) }) as const
const contractOf = (...subjects: string[]) => ({
  dataset: 'gifts',
  schema: '1-0-0',
  policy: 'p',
  owner: '',
  purpose: '',
  legalBasis: '',
  recipients: [],
  retention: { log: '', events: '', quarantine: '', lake: '' },
  fields: [field('/a'), field('/me'), ...(subjects.length > 1 ? [field('/you', 'you'), field('/b', 'you')] : [])],
  event: { subjects: subjects.map(name => ({ name, type: 'customer', pointer: `/${name}` })) },
})

const first = { type: 'customer', id: 'm' }
const second = { type: 'customer', id: 'y' }

test('a rejected event is given as it came where its contract knows of nobody else', () => {
  const alone = contractOf('me')
  assert.deepEqual(ownOriginal(alone, json({ me: 'm', other: [1] }), [first]), { me: 'm', other: [1] })
  assert.equal(ownOriginal(alone, json('{"me":'), [first]), '{"me":')
  const attributes = { id: 'e1', source: 's' }
  assert.deepEqual(ownOriginal(alone, { ...json({ me: 'm' }), attributes }, [first]), {
    attributes,
    event: { me: 'm' },
  })
})

test('nobody is given what is dropped, since a contract does not keep whose it is', () => {
  const both = contractOf('me', 'you')
  const fields = [...both.fields, { ...field('/gone'), action: 'drop' as const }]
  assert.deepEqual(ownOriginal({ ...both, fields }, json({ me: 'm', a: 1, gone: 'g' }), [first]), { me: 'm', a: 1 })
})

test('where it could hold somebody else’s, the declared fields of the person alone, in an envelope too', () => {
  const both = contractOf('me', 'you')
  const event = { me: 'm', a: 1, you: 'y', b: 'z', stranger: 's' }
  assert.deepEqual(ownOriginal(both, json(event), [first]), { me: 'm', a: 1 })
  assert.deepEqual(ownOriginal(both, json({ ...event, a: { deep: 'y' } }), [first]), { me: 'm' })
  const envelope = { ...json({ specversion: '1.0', data: event }), contentType: 'application/cloudevents+json' }
  assert.deepEqual(ownOriginal(both, envelope, [first]), { me: 'm', a: 1 })
  assert.equal(ownOriginal(both, json('{"me":'), [first]), null)
  assert.equal(ownOriginal(both, json([event]), [first]), null)
  assert.equal(ownOriginal(undefined, json(event), [first]), null)
  assert.deepEqual(ownOriginal(both, json(event), [second]), { you: 'y', b: 'z' })
  assert.deepEqual(ownOriginal(both, json(event), [{ ...first, type: 'supplier' }]), {})
})
