// docs/errors.md must not drift from the code: every problem has its section, every keyword of a rejection its line.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Problem, problemTitles } from '../gateway/problem.ts'

const ROOT = join(import.meta.dirname, '..')
const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8')
const [problems = '', reasons = ''] = page.slice(page.indexOf('\n## Problems')).split('\n## Why an event is rejected')
const sections = new Map(
  problems
    .split(/^### /m)
    .slice(1)
    .map(text => [text.slice(0, text.indexOf('\n')), text]),
)

test('every problem a producer may meet has a section with its status and an example, and no other has', () => {
  assert.deepEqual([...sections.keys()], Object.keys(problemTitles))
  for (const [slug, text] of sections) {
    const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(text)?.[1] ?? '{}') as Problem
    assert.equal(example.type, `urn:ecluse:problem:${slug}`)
    assert.equal(example.title, problemTitles[slug as keyof typeof problemTitles])
    assert.match(text, new RegExp(`\\*\\*${example.status}\\b`), `${slug} names its status`)
    assert.ok(example.detail && example.fix, `${slug} says what to do`)
  }
})

test('every keyword an event may be rejected for is explained', () => {
  const explained = new Set(
    [...reasons.matchAll(/^\| (`.+?`) \|/gm)].flatMap(([, cell]) => cell!.replaceAll('`', '').split(', ')),
  )
  const used = keywordsInCode()
  assert.ok(used.size > 30, 'the keywords are found in the code')
  assert.deepEqual([...used.difference(explained)], [], 'keywords without an explanation')
  assert.deepEqual([...explained.difference(used)], [], 'explanations of keywords nobody uses')
})

/** Literals where the code makes a violation, and the JSON Schema keywords it has words for. */
function keywordsInCode(): Set<string> {
  const files = globSync('{gateway,governance/contract,governance/ingestion}/**/*.ts', { cwd: ROOT }).filter(
    file => !/\.test\.ts$/.test(file),
  )
  const code = files.map(file => readFileSync(join(ROOT, file), 'utf8')).join('\n')
  const literals = [
    ...code.matchAll(/\bkeyword: ((?:'\w+'(?: \| )?)+)/g),
    ...code.matchAll(/\b(?:return )?violation\(\s*(?:pointer,\s*|'',\s*)?('\w+')/g),
  ].flatMap(([, found]) => [...found!.matchAll(/'(\w+)'/g)].map(([, keyword]) => keyword!))
  const described = /^const descriptions[\s\S]*?^}/m.exec(code)?.[0] ?? ''
  return new Set([...literals, ...[...described.matchAll(/^ {2}'?(\w[\w ]*?)'?: /gm)].map(([, keyword]) => keyword!)])
}
