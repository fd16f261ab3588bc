import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredField } from '../../storage/stored-shapes.ts'
import { leftReadable } from './list-remains.ts'

const field = (pointer: string, action: string, more: Partial<StoredField> = {}): StoredField => ({
  pointer,
  level: 'internal',
  action,
  whole: false,
  ...more,
})
const contract = {
  fields: [
    field('/user/id', 'pseudonymise'),
    field('/amount', 'keep'),
    field('/town', 'generalise'),
    field('/card', 'mask'),
    field('/email', 'pseudonymise'),
    field('/phone', 'pseudonymise', { domain: 'marketing' }),
    field('/name', 'encrypt', { whole: true }),
    field('/gone', 'redact'),
    field('/items/*/label', 'keep'),
  ],
  event: { subjects: [{ name: 'user', type: 'customer', pointer: '/user/id' }] },
}

test('what needs no key stays readable, by its rule; tokens and ciphertexts do not', () => {
  const places = ['/user/id', '/amount', '/town', '/card', '/email', '/phone/tokens/*', '/phone/sealed', '/name']
  const left = leftReadable([...places, '/gone', '/items/*/label'], contract)
  assert.deepEqual(
    left.map(({ pointer, what }) => `${pointer} ${what}`),
    [
      ' pseudonym',
      '/user/id pseudonym',
      '/amount kept',
      '/town generalised',
      '/card masked',
      '/phone domain token',
      '/items/*/label kept',
    ],
  )
})

test('where nobody knows the contract any more, every place may be readable', () => {
  assert.deepEqual(
    leftReadable(['/a', '/b/*'], undefined).map(({ pointer, what }) => `${pointer} ${what}`),
    [' pseudonym', '/a kept', '/b/* kept'],
  )
})
