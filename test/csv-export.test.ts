// What readers export from the pages is opened in spreadsheets: nothing in it may be taken for a formula.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

type Cell = string | number | null | undefined

const { cellOf, csvOf } = (await import(new URL('../dashboard/kit/csv.js', import.meta.url).href)) as {
  cellOf: (value: Cell) => string
  csvOf: (rows: Cell[][]) => string
}

test('cells that begin like a formula are texts: = + - @, a tab, a line’s end, and their wide forms', () => {
  for (const first of ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
    const cell = cellOf(`${first}cmd|' /C calc'!A0`)
    assert.ok(cell.startsWith(`"'${first}`), JSON.stringify(cell))
  }
  assert.equal(cellOf('=HYPERLINK("https://example.org")'), `"'=HYPERLINK(""https://example.org"")"`)
  assert.equal(cellOf('/montant type'), '"/montant type"')
})

test('numbers stay numbers, and what is not there stays empty', () => {
  assert.deepEqual([cellOf(-0.25), cellOf(0), cellOf(null), cellOf(undefined)], ['-0.25', '0', '', ''])
})

test('no cell begins a formula, whichever separator a spreadsheet expects', () => {
  const text = fc.string({ unit: fc.constantFrom('=', '-', '@', '"', ';', ',', '\t', '\r', '\n', 'a', ' ') })
  fc.assert(
    fc.property(text, value => {
      const cell = cellOf(value)
      assert.match(cell, /^"(?:[^"]|"")*"$/)
      const inside = cell.slice(1, -1)
      for (const part of inside.split(/[;,]/)) assert.doesNotMatch(part, /^[=+\-@\t\r\n]/)
    }),
  )
})

test('a file has a heading, a line for each row, and says that it is UTF-8', () => {
  assert.equal(
    csvOf([
      ['field', 'missing'],
      ['/é', 0.5],
    ]),
    '\ufeff"field","missing"\r\n"/é",0.5\r\n',
  )
})
