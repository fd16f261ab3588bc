import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nobody } from '../../test/action-context.ts'
import { generalise } from '../protection/generalise.ts'
import { storedNumber } from './stored-number.ts'
import { storedText } from './stored-text.ts'

test('a number is read from any band that generalise makes, at most half its width away', () => {
  const widths = fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.constantFrom(0.1, 0.25, 2.5, 1e-7, 1e21))
  fc.assert(
    fc.property(widths, fc.integer({ min: -1_000, max: 1_000 }), (width, steps) => {
      const sent = steps * width * 0.37
      const band = generalise.make({ band: width }).apply(sent, '/a', nobody)
      const read = storedNumber(band!)
      assert.ok(read !== undefined && Math.abs(read - sent) <= (width / 2) * (1 + 1e-9), `${sent} in ${band}: ${read}`)
    }),
  )
  assert.equal(storedNumber('[20, 30)'), 25)
  assert.equal(storedNumber('[0.1, 0.2)'), 0.15)
  assert.equal(storedNumber('[-10, 0)'), -5)
  assert.equal(storedNumber('[1e+308, 1.5e+308)'), 1.25e308)
})

test('nothing else is read as a number', () => {
  for (const value of [null, true, '25', '48.5', '', '[20, 30]', '[20,30)', '[, )', '[20, 30) ', {}, [25]]) {
    assert.equal(storedNumber(value), undefined, JSON.stringify(value))
  }
})

test('equal values have one text, different ones different texts', () => {
  assert.equal(storedText('e\u0301'), storedText('\u00e9'))
  assert.equal(storedText(-0), storedText(0))
  assert.notEqual(storedText('1'), storedText(1))
  assert.notEqual(storedText('true'), storedText(true))
})

test('a token that joins across people is the same before its key is rotated and meanwhile', () => {
  const before = { tokens: ['tok1.m.1.a'], sealed: 'enc1.x' }
  const meanwhile = { tokens: ['tok1.m.2.b', 'tok1.m.1.a'], sealed: 'enc1.y' }
  assert.equal(storedText(before), storedText(meanwhile))
})

test('what is no single value has no text', () => {
  for (const value of [null, {}, [1], { tokens: 'x' }]) assert.equal(storedText(value), undefined)
})
