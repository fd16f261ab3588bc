import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CsvError, readCsv } from './read-csv.ts'

const cell = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '\r\n', ' ', ';') })
const written = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

test('what is written as RFC 4180 says is read again, whatever the cells hold and however lines end', () => {
  const records = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 })
  fc.assert(
    fc.property(records, fc.constantFrom('\n', '\r\n'), fc.boolean(), fc.boolean(), (rows, end, hasMark, endsOpen) => {
      const text = rows.map(cells => cells.map(written).join(',')).join(end)
      const read = [...readCsv(`${hasMark ? '\uFEFF' : ''}${text}${endsOpen ? '' : end}`)]
      assert.deepEqual(
        read.map(({ cells }) => cells),
        rows,
      )
    }),
  )
})

test('each record knows its line, also after a cell with several, and empty lines are none', () => {
  const read = [...readCsv('a,b\n"1\n2",x\n\n\ny,z\n')]
  assert.deepEqual(
    read.map(({ line, cells }) => [line, cells.length]),
    [
      [1, 2],
      [2, 2],
      [6, 2],
    ],
  )
})

test('a quote that is not closed, or stands inside of a cell, is told with its line', () => {
  for (const [text, line] of [
    ['a,b\n"x,y\n', 2],
    ['a,b\nx"y,z\n', 2],
    ['"a"b\n', 1],
  ] as const)
    assert.throws(
      () => [...readCsv(text)],
      (error: CsvError) => error instanceof CsvError && error.line === line,
    )
})
