import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { languages } from '../../../runtime/language.ts'
import type { JsonObject } from '../../../storage/json.ts'
import type { DatasetData, OwnRecord, PersonalData } from './personal-data.ts'
import { recordTable, writeCsv } from './write-csv.ts'
import { writeIndex } from './write-index.ts'

const record = (event: JsonObject): OwnRecord => ({
  kind: 'event',
  id: 'e1',
  time: '2026-04-17T10:30:00.000Z',
  receivedAt: '2026-04-17T10:30:00.000Z',
  schema: '1-0-0',
  policy: 'p',
  held: false,
  rectifies: null,
  rectifiedBy: null,
  keptUntil: null,
  event,
  closed: [],
})
const datasetOf = (...events: JsonObject[]): DatasetData => ({
  dataset: 'gifts',
  contracts: [],
  records: events.map(record),
  rejected: [],
})
const dataOf = (text: string): PersonalData => ({
  persons: [{ type: text, id: text, restricted: false, objections: [text], aliases: { count: 1, types: [text] } }],
  datasets: [
    {
      ...datasetOf({ [text]: text }),
      rejected: [
        {
          ...record({}),
          id: 'r1',
          receivedAt: text,
          errors: [{ pointer: text, detail: text }],
          original: { [text]: text },
        },
      ],
    },
  ],
  accesses: [
    { at: text, kind: text, actor: text, dataset: text, purpose: text, events: [], otherEvents: 0, opened: true },
  ],
})
const pageOf = (text: string, language: (typeof languages)[number]) =>
  writeIndex(dataOf(text), { request: 'r', createdAt: 'now', language })

/** Tags of a page, without what stands between them. */
const tagsOf = (html: string) => html.replace(/<style>[\s\S]*<\/style>/, '').match(/<[^>]*>/g)

test('whatever the values hold, the page has the same elements', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1 }),
    fc.constantFrom(
      '<script>',
      '"><img src=x onerror=alert(1)>',
      "' onfocus='x",
      '</td></table>',
      '<!--',
      '&lt;',
      ']]>',
    ),
  )
  for (const language of languages) {
    const plain = tagsOf(pageOf('x', language))
    fc.assert(
      fc.property(hostile, text => {
        assert.deepEqual(tagsOf(pageOf(text, language)), plain)
      }),
    )
    assert.match(pageOf('x', language), new RegExp(`<html lang="${language}">`))
    assert.doesNotMatch(pageOf('x', language), /undefined|\[object/)
  }
})

/** Reads a table as RFC 4180 says. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain ?? '')
    if (end === '\r\n') rows.push([])
  }
  assert.deepEqual(rows.pop(), [])
  return rows
}

test('a table holds each value again, in the column of its pointer, and none is a formula', () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('=1+1', '@x', '-2', '\t=x', '＝1', 'a\r\nb', '"'),
  )
  fc.assert(
    fc.property(value, fc.integer(), (text, number) => {
      const table = recordTable(datasetOf({ a: { b: text }, n: number }, { list: [text] }))
      const [head, first, second] = readCsv([...writeCsv(table)].join(''))
      const at = (row: string[], column: string) => row[head!.indexOf(column)]
      assert.ok(at(first!, '/a/b') === text || at(first!, '/a/b') === `'${text}`)
      assert.equal(at(first!, '/n'), String(number))
      assert.equal(at(second!, '/list'), JSON.stringify([text]))
      assert.equal(at(second!, '/a/b'), '')
      assert.doesNotMatch(at(first!, '/a/b')!, /^[=+\-@\t\r\n＝＋－＠]/)
    }),
  )
})
