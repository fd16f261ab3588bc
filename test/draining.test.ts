import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { spawnEcluse } from './spawn-ecluse.ts'

test('asked to stop, it says so to load balancers, serves what still comes, and then ends', async t => {
  const ecluse = await spawnEcluse({ environment: { ECLUSE_DRAIN_MS: '3000' } })
  t.after(() => ecluse.end('SIGKILL'))
  const ended = ecluse.end()
  const readiness = await eventually('it is not ready any more', async () => {
    const response = await fetch(`${ecluse.url}/readyz`)
    return response.status === 503 && ((await response.json()) as { degraded: string[] })
  })
  assert.deepEqual(readiness.degraded, ['stopping'])
  const { status, headers } = await ecluse.post('transactions', transaction())
  assert.equal(status, 202)
  assert.equal(headers.get('connection'), 'close')
  assert.equal(await ended, 0)
})
