import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { EventRecord } from '../../storage/event-record.ts'
import type { JsonObject } from '../../storage/json.ts'
import { eventOf, randomContract } from '../access/random-contract.ts'
import type { Contract } from '../contract/contract.ts'
import { check, policyWith } from '../contract/contract-fixture.ts'
import { derivedSchema } from '../contract/derived-schema.ts'
import { noPromises } from '../contract/quality.ts'
import { schemaTree } from '../contract/schema-tree.ts'
import { actions } from '../protection/actions.ts'
import { measureEvent } from './measure-event.ts'
import { MAX_LISTED, measuringPlan } from './measuring-plan.ts'

const list = (values: unknown[]) => ({ enum: values })
const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  additionalProperties: false,
  required: ['buyer'],
  properties: {
    id: { type: 'string' },
    at: { type: 'string' },
    amount: { type: 'number' },
    salary: { type: 'number' },
    band: { type: 'number' },
    note: { type: 'string' },
    remarks: { type: 'array', items: { type: 'string' } },
    gone: { type: 'string' },
    means: { type: 'string', ...list(['card', 'cash']) },
    faith: { type: 'string', ...list(['a', 'b']) },
    many: { type: 'string', ...list(Array.from({ length: MAX_LISTED + 1 }, (_, i) => `v${i}`)) },
    isNew: { type: 'boolean' },
    place: { type: 'object', additionalProperties: false, properties: { town: { type: 'string' } } },
    lines: {
      type: 'array',
      items: { type: 'object', additionalProperties: false, properties: { text: { type: 'string' } } },
    },
    buyer: {
      ...{ type: 'object', additionalProperties: false, required: ['number'] },
      properties: { number: { type: 'string' }, email: { type: 'string' } },
    },
  },
}
const rules = [
  ...['means', 'many', 'isNew', 'note', 'remarks', 'place/**', 'lines/**'].map(
    name => `/${name}: { level: internal, action: keep }`,
  ),
  '/salary: { level: confidential, action: keep }',
  '/faith: { level: restricted, action: keep }',
  '/band: { level: internal, action: { generalise: { band: 10 } } }',
  '/gone: { level: internal, action: drop }',
]
const { contracts, said } = await check({
  'schemas/orders/1-0-0.json': JSON.stringify(schema),
  'policies/orders.yaml': policyWith(rules.join('\n  ')),
})
assert.deepEqual(
  said.filter(line => line.includes('error')),
  [],
)
const contract = contracts.get('orders')!
const plan = measuringPlan(contract, '1-0-0')!

const RECEIVED = '2026-11-21T17:00:00.000Z'
const measure = (event: JsonObject, changes: Partial<EventRecord> = {}, offset = 0) =>
  measureEvent(plan, { event, time: RECEIVED, receivedAt: RECEIVED, ...changes } as EventRecord, offset)

test('a field is missing where nothing or null stands; what is never stored, and what lies in arrays, is not looked at', () => {
  assert.deepEqual(new Set(plan.pointers), new Set(measure({}).missing))
  for (const pointer of ['/gone', '/lines/*/text', '/lines', '/place', '/buyer'])
    assert.ok(!plan.pointers.includes(pointer), pointer)
  const { missing } = measure({ amount: 0, note: null, place: { town: '' }, buyer: null, isNew: false })
  for (const pointer of ['/amount', '/place/town', '/isNew']) assert.ok(!missing.includes(pointer), pointer)
  for (const pointer of ['/note', '/buyer/email', '/remarks']) assert.ok(missing.includes(pointer), pointer)
  assert.equal(measuringPlan(contract, '9-0-0'), undefined)
  assert.equal(measuringPlan(contract, '1-0-0'), plan)
})

test('numbers and listed values are kept of internal fields alone, and texts never', () => {
  const event = {
    ...{ amount: 2.5, salary: 4_000, band: '[20, 30)', means: 'card', faith: 'a', many: 'v1', isNew: true, note: 'n' },
    at: '2026-11-21T17:00:00',
  }
  const { numbers, values } = measure(event)
  assert.deepEqual(numbers, [{ pointer: '/amount', number: 2.5, isSpread: true }])
  assert.deepEqual(values, [
    { pointer: '/means', value: '"card"' },
    { pointer: '/isNew', value: 'true' },
  ])
})

test('texts that are kept are looked at in one event of ten, in arrays too', () => {
  const event = { note: 'a@example.com', remarks: ['x', 'b@example.com'], lines: [{ text: 'c@example.com' }] }
  const looked = measure({ ...event, buyer: { number: 'p1', email: 'd@example.com' } })
  assert.deepEqual(
    looked.suspects.map(({ pointer, kind }) => `${pointer} ${kind}`),
    ['/note email', '/remarks email', '/lines/*/text email'],
  )
  assert.deepEqual([measure(event, {}, 9).isSampled, measure(event, {}, 10).isSampled], [false, true])
  assert.deepEqual(measure(event, {}, 9).suspects, [])
})

test('an event that does not say when it was has no delay; a replayed one came when it was rejected', () => {
  assert.equal(measure({}).delayMs, undefined)
  assert.equal(measure({}, { time: '2026-11-21T16:59:00.000Z' }).delayMs, 60_000)
  const ahead = measure({}, { time: '2026-11-21T18:00:00.000Z' })
  assert.deepEqual([ahead.delayMs, ahead.isAhead, ahead.isLate], [-3_600_000, true, false])
  const replay = { at: '2026-11-21T18:00:00.000Z', request: 'r' }
  assert.equal(measure({}, { time: '2026-11-21T16:00:00.000Z', replay }).delayMs, 3_600_000)
})

const treatments = [actions.keep, actions.redact, actions.drop].map(({ make }) => make(undefined))
const anyContract = randomContract(seed => treatments[seed % 6] ?? treatments[0]!)

test('whatever a schema declares can be measured, and only what is kept and internal at most is summed up', () => {
  const origin = { dataset: 'random', schema: '1-0-0', schemaSha256: '', policySha256: '' }
  fc.assert(
    fc.property(
      anyContract.chain(random => eventOf(random).map(event => [random, event] as const)),
      ([random, event]) => {
        const { plan, fields } = random
        const derived = derivedSchema(random.schema, schemaTree(random.schema), plan, origin)
        const version = { version: '1-0-0', plan, fields, derived }
        const given = {
          ...random.contract,
          quality: noPromises,
          versions: new Map([['1-0-0', version]]),
        } as unknown as Contract
        const plans = measuringPlan(given, '1-0-0')!
        const measured = measureEvent(plans, { event, time: RECEIVED, receivedAt: RECEIVED } as EventRecord, 0)
        for (const { pointer } of [...measured.numbers, ...measured.values]) {
          const rule = fields.find(field => field.pointer === pointer)!
          assert.ok(rule.actionName === 'keep' && ['public', 'internal'].includes(rule.level))
        }
        for (const pointer of measured.missing) assert.ok(plans.pointers.includes(pointer))
      },
    ),
    { numRuns: 50 },
  )
})
