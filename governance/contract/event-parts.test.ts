import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventReaders, readPointer } from './event-parts.ts'

const readers = eventReaders({
  eventId: { pointer: '/id', personal: false },
  eventTime: { pointer: '/at', zone: 'Europe/Paris' },
  subjects: [
    {
      name: 'payer',
      type: 'customer',
      pointer: '/payer/id',
      aliases: [{ type: 'email', pointer: '/payer/email' }],
      sentinels: new Set(['0', 'unknown']),
    },
    { name: 'payee', type: 'customer', pointer: '/payee', aliases: [], sentinels: new Set() },
  ],
})

const subjects = (event: Parameters<typeof readers.subjects>[0]) => {
  const read = readers.subjects(event)
  return 'keyword' in read ? read : read.map(({ id, aliases }) => [id, ...aliases.map(alias => alias.id)])
}

test('a pointer reads own members only, through objects only', () => {
  assert.equal(readPointer('/a~1b/~0c')({ 'a/b': { '~c': 1 } }), 1)
  assert.equal(readPointer('/constructor/name')({}), undefined)
  assert.equal(readPointer('/a/0')({ a: ['x'] }), undefined)
  assert.equal(readPointer('/a/b')({ a: null }), undefined)
})

test('an event id is a text; an integer is one in decimal', () => {
  assert.equal(readers.id({ id: 'x' }), 'x')
  assert.equal(readers.id({ id: 42 }), '42')
  assert.equal(readers.id({ id: 1.5 }), undefined)
  assert.equal(readers.id({}), undefined)
  assert.equal(eventReaders({ eventId: undefined, eventTime: undefined, subjects: [] }).id({ id: 'x' }), undefined)
})

test('an event time is UTC with milliseconds; absent or null is no time', () => {
  assert.deepEqual(readers.time({ at: '2025-10-26T02:30:00' }), { time: '2025-10-26T00:30:00.000Z', ambiguous: true })
  assert.equal(readers.time({}), undefined)
  assert.equal(readers.time({ at: null }), undefined)
  assert.equal(eventReaders({ eventId: undefined, eventTime: undefined, subjects: [] }).time({ at: 'x' }), undefined)
})

test('a time that never was is a violation that does not repeat it', () => {
  for (const at of ['2025-03-30T02:30:00', '2025-02-30T10:00:00', 'secret', 7]) {
    const violation = readers.time({ at })
    assert.ok(violation && 'keyword' in violation && violation.keyword === 'time' && violation.pointer === '/at')
    assert.doesNotMatch(JSON.stringify(violation), /secret|02:30|02-30/)
  }
  const noZone = eventReaders({ eventId: undefined, eventTime: { pointer: '/at' }, subjects: [] })
  assert.match(JSON.stringify(noZone.time({ at: '2025-04-17T10:30:00' })), /no offset from UTC/)
})

test('ids are NFC, integers decimal, aliases trimmed and in lower case', () => {
  const event = { payer: { id: 'e\u0301', email: ' A@Example.ORG ' }, payee: 12 }
  assert.deepEqual(subjects(event), [['é', 'a@example.org'], ['12']])
  assert.deepEqual(subjects({ payer: { id: 'x', email: ' ' } }), [['x'], [undefined]])
})

test('a sentinel is nobody', () => {
  assert.deepEqual(subjects({ payer: { id: 'unknown' }, payee: null }), [[undefined], [undefined]])
  assert.deepEqual(subjects({ payer: { id: 0 } }), [[undefined], [undefined]])
})

test('an empty id, or one that is no text or integer, is a violation', () => {
  for (const id of ['', 1.5, {}, true]) {
    const violation = readers.subjects({ payer: { id } })
    assert.ok('keyword' in violation && violation.keyword === 'subject' && violation.pointer === '/payer/id')
  }
})

test('of an event that breaks its contract, whoever can be read is read, in the same order', () => {
  const read = (event: Parameters<typeof readers.subjectsAnyhow>[0]) =>
    readers.subjectsAnyhow(event).map(({ rule, id }) => [rule.name, id])
  assert.deepEqual(read({ payer: { id: [] }, payee: 7 }), [
    ['payer', undefined],
    ['payee', '7'],
  ])
  assert.deepEqual(read({ payer: { id: 'a' }, payee: '' }), [
    ['payer', 'a'],
    ['payee', undefined],
  ])
  assert.deepEqual(read({ payer: 'a' }), [
    ['payer', undefined],
    ['payee', undefined],
  ])
})
