import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../runtime/config.ts'
import anomalies from './anomalies.ts'
import audit from './audit.ts'
import ledger from './ledger.ts'
import quarantine from './quarantine.ts'
import reprotect from './reprotect.ts'
import retention from './retention.ts'
import type { Verb } from './verb.ts'

test('a verb that asks a gateway says where nothing answers, and what to do', async () => {
  const url = 'http://127.0.0.1:1'
  const config = readConfig({ ECLUSE_URL: url, ECLUSE_API_KEY: 'eck_0' })
  for (const [verb, ...args] of [
    [anomalies, 'transactions'],
    [audit, 'export', join(import.meta.dirname, 'never-written')],
    [ledger],
    [quarantine],
    [reprotect, 'transactions', '--plan'],
    [retention],
  ] as [Verb, ...string[]][])
    await assert.rejects(verb(args, config), {
      message: `${url} cannot be reached: is the gateway running, and is ECLUSE_URL right?`,
    })
})
