import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonValue } from '../../storage/json.ts'
import { nobody } from '../../test/action-context.ts'
import { generalise } from './generalise.ts'

function check(parameters: unknown, cases: [value: JsonValue, expected: JsonValue][]): void {
  const action = generalise.make(parameters)
  for (const [value, expected] of cases) {
    assert.deepEqual(
      action.apply(value, '/a', nobody),
      expected,
      `${JSON.stringify(value)} under ${JSON.stringify(parameters)}`,
    )
  }
}
const all = (values: JsonValue[]): [JsonValue, JsonValue][] => values.map(value => [value, null])

test('a text keeps its first or last part', () => {
  check({ keep: 'first', separator: ',' }, [
    ['Paris, Rue de Paris', 'Paris'],
    ['Paris , Rue, 3', 'Paris'],
    [',x', ''],
    ['a,', 'a'],
    ...all(['Paris', '', 'Paris; Rue']),
  ])
  check({ keep: 'last', separator: '@' }, [['a@b@example.com', 'example.com'], ['a@', ''], ...all(['example.com'])])
  check({ keep: 'last', separator: '🙂' }, [['a🙂 é', 'é']])
})

test('a date is shortened as it is written, and what is no date is null', () => {
  const date = '1966-06-26T23:50:25+14:00'
  check({ date: 'year' }, [
    [date, '1966'],
    ['1966-06-26', '1966'],
    ['1966-06-26 10:00', '1966'],
  ])
  check({ date: 'month' }, [[date, '1966-06']])
  check({ date: 'day' }, [[date, '1966-06-26']])
  const noDates = ['', '1966', '66-06-26', '1966-13-01', '1966-00-01', '1966-06-32', '1966-06-26x', 'born 1966-06-26']
  check({ date: 'year' }, all([...noDates, '1966-02-31', '2025-02-29']))
  check({ date: 'day' }, [['2024-02-29', '2024-02-29']])
})

test('a number is put in its band: lower edge included, upper not', () => {
  check({ band: 10 }, [
    [27, '[20, 30)'],
    [20, '[20, 30)'],
    [29.999, '[20, 30)'],
    [30, '[30, 40)'],
    [0, '[0, 10)'],
    [-1, '[-10, 0)'],
    [123_456_789_012_345, '[123456789012340, 123456789012350)'],
  ])
  check({ band: 0.1 }, [
    [0.3, '[0.3, 0.4)'],
    [0.7, '[0.7, 0.8)'],
    [1.1, '[1.1, 1.2)'],
    [-0.05, '[-0.1, 0)'],
  ])
  check({ band: 1e-7 }, [[2.5e-7, '[2e-7, 3e-7)']])
})

test('a number is always inside its band, or has none', () => {
  const numbers = fc.double({ noNaN: true, noDefaultInfinity: true })
  const widths = fc.oneof(
    fc.constantFrom(0.01, 0.1, 0.5, 1, 2.5, 10, 1_000),
    fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
  )
  fc.assert(
    fc.property(fc.oneof(numbers, fc.double({ min: -1e6, max: 1e6, noNaN: true })), widths, (value, width) => {
      const band = generalise.make({ band: width }).apply(value, '/a', nobody)
      if (band === null) return assert.ok(Math.abs(value / width) > 1e6)
      const [, low, high] = /^\[(\S+), (\S+)\)$/.exec(band as string)!.map(Number)
      assert.ok(low! <= value && value < high!, band as string)
    }),
  )
})

test('a coordinate goes to the lower edge of its grid cell, a text stays a text', () => {
  check({ grid: 0.5 }, [
    [48.8566, 48.5],
    ['48.8566', '48.5'],
    [-0.1, -0.5],
    ['-0.1', '-0.5'],
    [0, 0],
    ['+12', '12'],
  ])
  check({ grid: 0.1 }, [
    [0.3, 0.3],
    ['-37.8136', '-37.9'],
  ])
  check({ grid: 0.1 }, all(['', '48,8', '48.8566 N', '1e1', '1234', 1e308, 1234, '999']))
})

test('an IP address goes to its network, and what is none is null', () => {
  check({ network: true }, [
    ['203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:abcd:12::1', '2001:db8:abcd::/48'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['::1', '::/48'],
  ])
  check(
    { network: true },
    all(['', '12345', '1.2.3', '010.0.0.1', '0x7f000001', '1.2.3.4/8', '256.1.1.1', 'fe80::1%eth0', 'host']),
  )
})
