// docs/configuration.md must not drift from runtime/config.ts: every setting stands there as it is, bounds included.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { variableName } from '../runtime/config.ts'
import { settings } from '../runtime/settings.ts'

const page = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `(ECLUSE_\w+)` \| (.*?) \| (.*?) \| (.*?) \|$/gm)].map(
  ([, ...cells]) => cells as [string, string, string, string],
)

test('the configuration page lists every setting with its default and meaning, and no other', () => {
  const listed = rows.map(([variable, byDefault, , meaning]) => [variable, byDefault.replaceAll('`', ''), meaning])
  const actual = Object.entries(settings).map(([name, { default: text, meaning }]) => [
    variableName(name),
    text,
    meaning,
  ])
  assert.deepEqual(listed, actual)
})

test('what the configuration page allows is accepted, and what lies just beyond is not', () => {
  const parsers = new Map(
    Object.entries(settings).map(([name, { parse }]) => [variableName(name), parse as (text: string) => unknown]),
  )
  for (const [variable, , allowed] of rows) {
    const parse = parsers.get(variable)!
    const bounds = /^(\d+) to (\d+)$/.exec(allowed)?.slice(1).map(Number)
    const choices = [...allowed.matchAll(/`(.+?)`/g)].map(([, choice]) => choice!)
    for (const good of bounds ?? choices) assert.doesNotThrow(() => parse(String(good)), `${variable}=${good}`)
    const beyond = bounds ? [bounds[0]! - 1, bounds[1]! + 1] : allowed === 'text' ? [] : ['none of these']
    for (const bad of beyond) assert.throws(() => parse(String(bad)), `${variable}=${bad}`)
  }
})
