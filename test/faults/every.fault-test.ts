// All fault tests as one suite, so that the servers they share are stopped after the last.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, suite } from 'node:test'
import { stopEngines } from './engine-set.ts'

suite('faults', async () => {
  after(stopEngines)
  const files = readdirSync(import.meta.dirname).filter(name => name.endsWith('.fault-test.ts'))
  for (const path of files.sort().map(name => join(import.meta.dirname, name)))
    if (path !== import.meta.filename) await import(path)
})
