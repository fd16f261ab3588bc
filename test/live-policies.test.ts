import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { JsonObject } from '../storage/json.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

let ecluse: EcluseProcess
let policyPath: string
let schemaDir: string
let goodPolicy: string
before(async () => {
  ecluse = await spawnEcluse({ environment: { ECLUSE_WATCH_INTERVAL_MS: '50' } })
  policyPath = join(ecluse.policiesDir, 'transactions.yaml')
  schemaDir = join(ecluse.schemasDir, 'transactions')
  goodPolicy = readFileSync(policyPath, 'utf8')
})
after(() => ecluse.end())

async function readiness(): Promise<{ status: string; degraded: string[]; contracts: { problems: string[] } }> {
  return (await (await fetch(`${ecluse.url}/readyz`)).json()) as never
}

async function postAndRead(): Promise<JsonObject> {
  const event = transaction()
  assert.equal((await ecluse.post('transactions', event)).status, 202)
  return eventually('the event is archived', async () => {
    const response = await ecluse.call('data-steward', `/v1/datasets/transactions/events/${event.id_transaction}`)
    return response.status === 200 && (((await response.json()) as JsonObject).event as JsonObject)
  })
}

describe('a steward', () => {
  test('who edits a policy sees it take effect, recorded with its content hash', async () => {
    assert.equal((await postAndRead()).lieu, 'Paris')
    const edited = goodPolicy.replace('generalise: { keep: first,', 'generalise: { keep: last,')
    assert.notEqual(edited, goodPolicy)
    writeFileSync(policyPath, edited)
    await eventually('the edit is live', async () => (await postAndRead()).lieu === 'Rue du Renard-Roux')
    const lines = ecluse
      .output()
      .split('\n')
      .filter(line => line.includes('contract is live') && line.includes('"transactions"'))
    assert.equal(lines.length, 2)
    assert.match(lines[1]!, /"policySha256":"[0-9a-f]{64}"/)
    writeFileSync(policyPath, goodPolicy)
    await eventually('the policy is back', async () => (await postAndRead()).lieu === 'Paris')
  })

  test('who makes a mistake changes nothing, and reads where it is and how to mend it', async () => {
    writeFileSync(policyPath, goodPolicy.replace('/utilisateur/email:', '/utilisateur/emial:'))
    const { status, degraded, contracts } = await eventually('the mistake is reported', async () => {
      const found = await readiness()
      return found.degraded.includes('contracts') && found
    })
    assert.deepEqual([status, degraded], ['degraded', ['contracts']])
    assert.match(contracts.problems.join('\n'), /transactions\.yaml:\d+:\d+: .*emial/)
    assert.match(((await postAndRead()).utilisateur as JsonObject).email as string, /^tok1\.person/)
    assert.match(ecluse.output(), /Did you mean `?\/utilisateur\/email/)
    writeFileSync(policyPath, goodPolicy)
    await eventually('all is well again', async () => (await readiness()).status === 'ready')
  })

  test('who adds a schema version can have it used at once; the older one stays', async () => {
    const schema = JSON.parse(readFileSync(join(schemaDir, '1-0-0.json'), 'utf8')) as { properties: JsonObject }
    schema.properties.canal = { type: 'string', enum: ['web', 'boutique'], description: 'Where it was bought' }
    const policy = goodPolicy.replace('unclassified:', '  /canal: { level: internal, action: keep }\nunclassified:')
    writeFileSync(join(schemaDir, '1-0-1.json'), JSON.stringify(schema, null, 2))
    writeFileSync(policyPath, policy.includes('  /canal') ? policy : goodPolicy)
    await eventually('the new version is live', async () => {
      const { answer } = await ecluse.post('transactions', transaction({ canal: 'web' }))
      return answer.accepted === 1
    })
    const old = await ecluse.post('transactions', transaction({ canal: 'web' }), { 'ecluse-schema': '1-0-0' })
    assert.equal(old.status, 422)
  })

  test('who changes a version that exists is refused', async () => {
    const path = join(schemaDir, '1-0-0.json')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('"title"', '"$comment": "edited in place", "title"'))
    const { contracts } = await eventually('the change is reported', async () => {
      const found = await readiness()
      return found.degraded.includes('contracts') && found
    })
    assert.match(contracts.problems.join('\n'), /1-0-0.*(a version never changes|changed)/)
    assert.equal((await ecluse.post('transactions', transaction())).status, 202)
    writeFileSync(path, text)
    await eventually('all is well again', async () => (await readiness()).status === 'ready')
  })

  test('who adds a schema bomb harms nobody', async () => {
    const path = join(schemaDir, '1-0-2.json')
    const schema = JSON.parse(readFileSync(join(schemaDir, '1-0-1.json'), 'utf8')) as { properties: JsonObject }
    schema.properties.lieu = { type: 'string', pattern: '^(a+)+\\1$' }
    writeFileSync(path, JSON.stringify(schema, null, 2))
    const { contracts } = await eventually('the bomb is reported', async () => {
      const found = await readiness()
      return found.degraded.includes('contracts') && found
    })
    assert.match(contracts.problems.join('\n'), /1-0-2\.json:\d+:\d+: .*(linear|RE2|pattern)/i)
    assert.equal((await ecluse.post('transactions', transaction())).status, 202)
  })
})
