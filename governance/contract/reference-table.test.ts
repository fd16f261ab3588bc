import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Diagnostic, formatDiagnostic, reportInto } from './diagnostic.ts'
import { readTable } from './reference-table.ts'

function read(content: string | Buffer) {
  const diagnostics: Diagnostic[] = []
  const found = { path: 'countries.csv', bytes: Buffer.from(content), sha256: 'ab' }
  const table = readTable('countries', found, reportInto(diagnostics))
  return { table, said: diagnostics.map(formatDiagnostic).join('\n') }
}

test('a table is rows by their first cell', () => {
  const { table, said } = read('country,region\nFrance,Europe\n"Korea, Republic of",Asia\n')
  assert.equal(said, '')
  assert.deepEqual(table?.columns, ['country', 'region'])
  assert.deepEqual(table?.rows.get('Korea, Republic of'), { country: 'Korea, Republic of', region: 'Asia' })
})

const wide = Array.from({ length: 33 }, (_, i) => `c${i}`).join()
const long = `key\n${Array.from({ length: 10_001 }, (_, i) => `k${i}\n`).join('')}`
const cases: [what: string, content: string | Buffer, said: RegExp][] = [
  ['nothing', '', /^countries\.csv:1:1: error: the table is empty\. Fix: Write a line/],
  ['a column without name', 'country,\n', /:1:1: error: a column has no name/],
  ['two columns of one name', 'a,b,a\n', /:1:1: error: two columns are called `a`/],
  ['too many columns', `${wide}\n`, /:1:1: error: a table has 32 columns at most/],
  ['too many rows', long, /:10002:1: error: a table has 10000 rows at most/],
  ['a row too short', 'a,b\n1,2\n3\n', /:3:1: error: this row has 1 cells, and the table 2 columns/],
  ['a row without key', 'a,b\n,2\n', /:2:1: error: this row has no key/],
  ['a key twice', 'a,b\n1,2\n1,3\n', /:3:1: error: there are two rows for `1`\. Fix: Keep one of the two/],
  ['a broken quote', 'a,b\n1,"2\n', /:2:1: error: a quote is not closed, or stands inside of a cell/],
  ['another encoding', Buffer.from('pays,région\n', 'latin1'), /:1:1: error: the file is not UTF-8/],
  ['too many bytes', Buffer.alloc(1024 * 1024 + 1, 'a'), /:1:1: error: the table is larger than 1 MiB/],
]
for (const [what, content, said] of cases)
  test(`a table with ${what} is refused at its line`, () => {
    const found = read(content)
    assert.equal(found.table, undefined)
    assert.match(found.said, said)
  })
