import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { looksPersonal } from './looks-personal.ts'

/** Written for this: what a field may hold, and which of the five kinds it holds (`-`: none). Nobody's: numbers for fiction, tests and documentation. */
const labelled = readFileSync(join(import.meta.dirname, 'labelled-texts.tsv'), 'utf8')
  .trimEnd()
  .split('\n')
  .map(line => line.split('\t') as [label: string, text: string])

for (const kind of ['email', 'phone', 'iban', 'card', 'ip'] as const) {
  test(`${kind}: of the labelled texts, few are missed and fewer told wrongly`, t => {
    const told = labelled.filter(([, text]) => looksPersonal(text) === kind)
    const right = told.filter(([label]) => label === kind).length
    const wanted = labelled.filter(([label]) => label === kind).length
    const [precision, recall] = [right / told.length, right / wanted]
    t.diagnostic(`${kind}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)} (${right}/${wanted})`)
    assert.ok(precision >= 0.95 && recall >= 0.85, `precision ${precision}, recall ${recall}`)
  })
}

test('a text of any length takes little time', () => {
  for (const piece of ['1', '1 ', '+1', '1.', 'a@', 'a.', 'FR76 ', ':1', '0 1 ', '(1) ']) {
    const began = process.cpuUsage().user
    looksPersonal(piece.repeat(100_000))
    const cpuMs = (process.cpuUsage().user - began) / 1_000
    assert.ok(cpuMs < 1_000, `${JSON.stringify(piece)}: ${cpuMs} ms`)
  }
})
