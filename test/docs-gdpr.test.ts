// docs/gdpr.md must not promise what nothing shows: each article has its row, each test that a row names exists, and the
// French page has the same rows.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
const ARTICLES = [5, 6, 12, 15, 16, 17, 18, 20, 21, 25, 30, 32, 33]

interface Row {
  /** `5(1)(a)` */
  article: string
  tests: { file: string; title: string }[]
  cells: string[]
}

const english = readRows('docs/gdpr.md')
const french = readRows('docs/gdpr.fr.md')

test('every article has a row that says what Écluse does, what is left to the operator, and what shows it', () => {
  assert.deepEqual([...new Set(english.map(({ article }) => Number.parseInt(article, 10)))], ARTICLES)
  for (const { article, tests, cells } of [...english, ...french]) {
    assert.ok(tests.length > 0, `article ${article} names a test`)
    assert.ok(cells.length === 4 && cells.every(cell => cell !== ''), `article ${article} leaves no cell empty`)
  }
})

test('every test that is named exists', () => {
  for (const { article, tests } of english) {
    for (const { file, title } of tests) {
      assert.ok(existsSync(join(ROOT, file)), `article ${article}: ${file}`)
      const source = readFileSync(join(ROOT, file), 'utf8')
      assert.ok(hasTitle(source, title), `article ${article}: ${file} has no test “${title}”`)
    }
  }
})

test('the French page has the same rows', () => {
  const proofs = (rows: Row[]) => rows.map(({ article, tests }) => ({ article, tests }))
  assert.deepEqual(proofs(french), proofs(english))
})

function readRows(page: string): Row[] {
  const lines = readFileSync(join(ROOT, page), 'utf8').split('\n')
  return lines
    .filter(line => /^\| \d/.test(line))
    .map(line => {
      const cells = line
        .slice(1, -1)
        .split('|')
        .map(cell => cell.trim())
      const tests = cells.at(-1)!.split('<br>').map(readTest)
      return { article: /^\S+/.exec(cells[0]!)![0], tests, cells }
    })
}

/** `` `test/erasure.test.ts`: new events of the twenty are suppressed `` */
function readTest(text: string): Row['tests'][number] {
  const [, file, title] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(text) ?? []
  assert.ok(file && title, `“${text}” names a test file and a title`)
  return { file, title }
}

/** Titles as they stand in the code, or in a table of promises; what a title's template fills in may be anything. */
function hasTitle(source: string, title: string): boolean {
  if (source.includes(`'${title}'`)) return true
  const templates = [...source.matchAll(/\btest\(`([^`]+)`/g)].map(([, template]) => template!.split(/\$\{[^}]*\}/))
  return templates.some(parts => new RegExp(`^${parts.map(escaped).join('.+')}$`).test(title))
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
