import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeDir, spawnEcluse } from './spawn-ecluse.ts'

const names = Array.from({ length: 20 }, (_, i) => `f${i}`)
const POLICY = `
dataset: wide
owner: a@example.org
steward: a@example.org
purpose: tests
legalBasis: contract
retention: { log: 1d, events: 1d, quarantine: 1d, lake: 1d }
event:
  subjects: [{ name: person, type: person, id: /person }]
fields:
  /*: { level: confidential, category: user.name, action: encrypt }
unclassified: encrypt
`

test('an event that protection makes larger than the log takes is rejected alone, and kept for stewards', async t => {
  const dir = makeDir()
  mkdirSync(join(dir, 'schemas/wide'))
  const properties = Object.fromEntries(['person', ...names].map(name => [name, { type: 'string', maxLength: 99 }]))
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', properties }
  writeFileSync(
    join(dir, 'schemas/wide/1-0-0.json'),
    JSON.stringify({ ...schema, required: ['person'], additionalProperties: false }),
  )
  writeFileSync(join(dir, 'policies/wide.yaml'), POLICY)
  const ecluse = await spawnEcluse({
    dir,
    environment: { ECLUSE_MAX_EVENT_BYTES: '512', ECLUSE_MAX_RECORD_BYTES: '1024' },
  })
  t.after(() => ecluse.end())
  const wide = Object.fromEntries(['person', ...names].map(name => [name, 'x']))
  const { status, answer } = await ecluse.post('wide', [{ person: 'x' }, wide])
  assert.equal(status, 202)
  assert.deepEqual([answer.accepted, answer.rejected], [1, 1])
  const result = answer.results[1]
  assert.ok(result && 'problem' in result && result.problem)
  assert.deepEqual(
    result.problem.errors!.map(({ pointer, keyword }) => [pointer, keyword]),
    [['', 'maxRecordBytes']],
  )
  await ecluse.settled()
  const quarantine = (await (await ecluse.call('data-steward', '/v1/quarantine?dataset=wide')).json()) as {
    items: object[]
  }
  assert.equal(quarantine.items.length, 1)
})
