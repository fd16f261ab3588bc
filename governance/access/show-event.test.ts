import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { StoredEvent, StoredField } from '../../storage/stored-shapes.ts'
import { contextOf } from '../../test/action-context.ts'
import { type Level, levels } from '../classification/taxonomy.ts'
import type { Contract } from '../contract/contract.ts'
import type { Action } from '../protection/action.ts'
import { actions } from '../protection/actions.ts'
import { protect } from '../protection/protect.ts'
import { eventReading } from './event-reading.ts'
import { fieldTree, treatEvent } from './field-tree.ts'
import { makeOpener } from './open-event.ts'
import { anyLevel, contractOf, eventOf, type RandomContract, randomContract } from './random-contract.ts'
import { showEvent } from './show-event.ts'

const [me, you] = ['me', 'you'].map(name => contextOf(name, { dataset: 'random', eventId: 'e1' })) as [
  ReturnType<typeof contextOf>,
  ReturnType<typeof contextOf>,
]
const persons = new Map([
  [me.pseudonym!, { id: 'id of me', keys: me.keys! }],
  [you.pseudonym!, { id: 'id of you', keys: you.keys! }],
])
const none: ReadonlySet<string> = new Set()
const everything = { read: new Set(levels), clear: new Set(levels) }

const readable: Action[] = [
  actions.keep.make(undefined),
  actions.encrypt.make(undefined),
  actions.pseudonymise.make({ domain: 'marketing' }),
]
const anyReadable = (seed: number) => readable[seed % readable.length]!

/** Leaves a text that names the level in place of each value. */
const marker =
  (prefix: string) =>
  (seed: number, level: Level): Action => ({
    name: 'mask',
    apply: (_value, pointer) => `${prefix}${level}:${pointer}:${seed}`,
    derive: () => ({}),
  })

/** All of an event that these persons' keys open; everything else as it is stored. */
function openEvent(contract: RandomContract['stored'], sealed: StoredEvent, whose: typeof persons): JsonObject {
  const { open } = makeOpener(contract, sealed, whose)
  const value = (each: JsonValue, field?: StoredField) => (field ? open(each, field) : each)
  return treatEvent(fieldTree(contract.fields), sealed.event, { value })
}

function stored(of: RandomContract, event: JsonObject): StoredEvent {
  return {
    id: 'e1',
    dataset: 'random',
    time: '2026-11-21T00:00:00.000Z',
    timeAmbiguous: false,
    receivedAt: '2026-11-21T00:00:01.000Z',
    subject: me.pseudonym!,
    others: [you.pseudonym!],
    schema: '1-0-0',
    policy: 'a'.repeat(16),
    position: { incarnation: '1', partition: 0, offset: 0 },
    content: '',
    changes: 0,
    held: 0,
    rectifies: null,
    rectifiedAt: null,
    rectifiedBy: null,
    reprotectedAt: null,
    event: protect(of.plan, event, { primary: me, others: new Map([['you', you]]), redacted: new Set() }),
  }
}

function texts(value: JsonValue): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : []
}

function leaves(value: JsonValue): JsonValue[] {
  return typeof value === 'object' ? Object.values(value ?? {}).flatMap(leaves) : [value]
}

const withEvent = (actionsOf: (seed: number, level: Level) => Action) =>
  randomContract(actionsOf).chain(of => fc.tuple(fc.constant(of), eventOf(of)))

test('of random events under random policies, all that the mask covers is shown and nothing else', () => {
  fc.assert(
    fc.property(withEvent(marker('@')), fc.uniqueArray(anyLevel), ([of, event], read) => {
      const before = stored(of, event)
      const mask = { read: new Set(read), clear: new Set(read) }
      const shown = showEvent(before, eventReading(of.stored, undefined), { mask, unreadable: none, persons })
      const marked = (value: JsonValue) => texts(value).filter(text => text.startsWith('@'))
      const allowed = marked(before.event).filter(text => read.some(level => text.startsWith(`@${level}:`)))
      assert.deepEqual(marked(shown.event), allowed)
      const subjectLevel = of.fields.find(({ pointer }) => pointer === '/me')!.level
      assert.equal(shown.subject, read.includes(subjectLevel) ? me.pseudonym : undefined)
      assert.equal(shown.id !== undefined, read.includes('internal'))
    }),
    { numRuns: 500 },
  )
})

test('the stricter of the level an event was stored under and the present one counts', () => {
  const contracts = fc
    .tuple(randomContract(marker('@')), fc.array(fc.nat(), { minLength: 200, maxLength: 200 }))
    .map(([of, seeds]) => [of, contractOf(of.schema, seeds, marker('@'))] as const)
    .chain(([of, live]) => fc.tuple(fc.constant(of), fc.constant(live), eventOf(of)))
  fc.assert(
    fc.property(contracts, anyLevel, ([of, live, event], highest) => {
      const before = stored(of, event)
      const read = levels.slice(0, levels.indexOf(highest) + 1)
      const mask = { read: new Set(read), clear: new Set<Level>() }
      const shown = showEvent(before, eventReading(of.stored, live.contract), { mask, unreadable: none })
      const now = new Map(live.fields.map(({ pointer, level }) => [pointer, level]))
      const isAllowed = (text: string) => {
        const [level, pointer] = text.slice(1).split(':') as [Level, string]
        return read.includes(level) && read.includes(now.get(pointer)!)
      }
      const marked = (value: JsonValue) => texts(value).filter(text => text.startsWith('@'))
      assert.deepEqual(marked(shown.event), marked(before.event).filter(isAllowed))
    }),
    { numRuns: 300 },
  )
})

test('in the clear, what was kept, sealed or tokenised in a named domain is the raw event again', () => {
  fc.assert(
    fc.property(withEvent(anyReadable), ([of, given]) => {
      // As JSON writes it: minus zero comes back as zero.
      const event = JSON.parse(JSON.stringify(given)) as JsonObject
      const before = stored(of, event)
      const text = JSON.stringify(before)
      assert.deepEqual(openEvent(of.stored, before, persons), event)
      const shown = showEvent(before, eventReading(of.stored, of.contract), {
        mask: everything,
        unreadable: none,
        persons,
      })
      // Empty objects hold no field: nobody classified them, and they are not shown.
      assert.deepEqual(leaves(shown.event), leaves(event))
      assert.equal(JSON.stringify(before), text, 'the stored event is not changed')
    }),
    { numRuns: 500 },
  )
})

test('what no key opens stays as it is stored, and of whom something was opened is told', () => {
  fc.assert(
    fc.property(withEvent(anyReadable), ([of, event]) => {
      const before = stored(of, event)
      assert.deepEqual(openEvent(of.stored, before, new Map()), before.event)
      const opened = new Set<string>()
      showEvent(before, eventReading(of.stored, undefined), {
        mask: everything,
        unreadable: none,
        persons: new Map([[you.pseudonym!, persons.get(you.pseudonym!)!]]),
        onOpened: pseudonym => opened.add(pseudonym),
      })
      assert.deepEqual([...opened], [you.pseudonym])
    }),
    { numRuns: 100 },
  )
})

test('a moved ciphertext does not open', () => {
  const of = contractOf(
    {
      type: 'object',
      additionalProperties: false,
      properties: { a: { type: 'string' }, me: {}, you: {} },
      required: [],
    },
    [9],
    () => readable[1]!,
  )
  const before = stored(of, { a: 'secret' })
  for (const other of [{ id: 'e2' }, { dataset: 'other' }, { subject: you.pseudonym! }])
    assert.deepEqual(openEvent(of.stored, { ...before, ...other }, persons), before.event)
})

const nested = {
  type: 'object',
  additionalProperties: false,
  properties: {
    list: {
      type: 'array',
      items: {
        anyOf: [
          { type: 'string' },
          { type: 'object', additionalProperties: false, properties: { x: { type: 'string' } }, required: [] },
        ],
      },
    },
    hidden: { type: 'array', items: { type: 'string' } },
    me: { type: 'string' },
  },
  required: [],
}

function nestedContract(level: (pointer: string) => Level, given: Partial<Contract> = {}): RandomContract {
  const of = contractOf(nested, [0], () => actions.keep.make(undefined))
  const stored = {
    ...of.stored,
    fields: of.stored.fields.map(field => ({ ...field, whole: false, level: level(field.pointer) })),
  }
  return { ...of, stored, contract: { ...of.contract, ...given } }
}

test('items outside the mask leave null, so that the others keep their places; a list of nothing else is left out', () => {
  const of = nestedContract(pointer => (pointer.endsWith('/x') ? 'internal' : 'restricted'))
  const before = { ...stored(of, {}), event: { list: ['a', { x: 'b' }, 'c', null], hidden: ['d'], me: null } }
  const mask = { read: new Set<Level>(['internal']), clear: new Set<Level>() }
  const shown = showEvent(before, eventReading(of.stored, undefined), { mask, unreadable: none })
  assert.deepEqual(shown.event, { list: [null, { x: 'b' }, null, null] })
})

test('a member that the contract of its time does not know is shown to nobody', () => {
  const of = nestedContract(() => 'public')
  const before = { ...stored(of, {}), event: { stranger: 'a', list: [{ y: 'b' }], me: { z: 'c' } } }
  const shown = showEvent(before, eventReading(of.stored, undefined), { mask: everything, unreadable: none })
  assert.deepEqual(shown.event, { list: [{}], me: { z: 'c' } })
})

test('an event whose contract nobody knows shows nothing but that it exists', () => {
  const of = nestedContract(() => 'public')
  const mask = { read: new Set<Level>(['public', 'internal', 'confidential']), clear: new Set<Level>() }
  const { dataset, schema, policy, receivedAt, position } = stored(of, {})
  const shown = showEvent(stored(of, { hidden: ['a'] }), undefined, { mask, unreadable: none, persons })
  assert.deepEqual(shown, { dataset, schema, policy, receivedAt, position, event: {} })
})

test('fields of another person who may not be read are null, as they are when that person was fenced before', () => {
  const of = contractOf(
    {
      type: 'object',
      additionalProperties: false,
      properties: { a: { type: 'string' }, me: {}, you: {} },
      required: [],
    },
    [4],
    () => readable[0]!,
  )
  const before = stored(of, { a: 'yours', me: 'id of me', you: 'id of you' })
  const unreadable = new Set([you.pseudonym!])
  const shown = showEvent(before, eventReading(of.stored, undefined), { mask: everything, unreadable, persons })
  assert.deepEqual(shown.event, { a: null, me: 'id of me', you: null })
})

test('what was sealed as a whole counts as strictly as the strictest part it has today, and the other way round', () => {
  const rule = (pointer: string, level: Level, whole: boolean) => ({ pointer, level, action: 'keep', whole })
  const of = nestedContract(() => 'public')
  const parts = { ...of.stored, fields: [rule('/list/*', 'public', false), rule('/hidden', 'public', true)] }
  const live = (fields: ReturnType<typeof rule>[]): Contract => {
    const contract = { ...of.contract, versions: new Map() } as Contract
    const rules = fields.map(({ whole: _whole, ...field }) => ({
      ...field,
      source: 'policy',
      actionName: 'keep',
      action: readable[0],
    }))
    const version = {
      version: '1-0-0',
      fields: rules,
      plan: {
        pointer: '',
        whole: false,
        members: new Map(rules.map((rule, i) => [String(i), { rule, pointer: rule.pointer, whole: fields[i]!.whole }])),
      },
    }
    contract.versions.set('1-0-0', version as never)
    return contract
  }
  const reading = eventReading(
    parts,
    live([rule('/list', 'restricted', true), rule('/hidden/*', 'confidential', false)]),
  )
  assert.deepEqual(parts.fields.map(reading.levelOf), ['restricted', 'confidential'])
})

test('what looks like a token but may be an object of that shape is as strict as the strictest of its members', () => {
  const of = nestedContract(() => 'public')
  const field = (pointer: string, level: Level, domain?: string) => ({
    pointer,
    level,
    action: domain ? 'pseudonymise' : 'keep',
    whole: false,
    ...(domain && { domain }),
  })
  const contract = {
    ...of.stored,
    fields: [field('/t', 'public', 'shops'), field('/t/tokens/*', 'public'), field('/t/sealed', 'restricted')],
  }
  const reading = eventReading(contract, undefined)
  const mask = { read: new Set<Level>(['public']), clear: new Set<Level>() }
  const before = { ...stored(of, {}), event: { t: { tokens: ['a'], sealed: 'kept secret' } } }
  assert.deepEqual(showEvent(before, reading, { mask, unreadable: none }).event, {})
})
