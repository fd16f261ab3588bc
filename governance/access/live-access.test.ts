import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { Diagnostic } from '../contract/diagnostic.ts'
import type { Caller } from './caller.ts'
import { AccessPolicyError } from './compile-access.ts'
import { type AccessHashes, openLiveAccess } from './live-access.ts'

const analyst: Caller = { id: 'test', kind: 'api-key', roles: ['analyst'], datasets: ['*'] }

async function setUp(t: TestContext, onActivate?: () => Promise<void>) {
  const dir = mkdtempSync(join(tmpdir(), 'access-'))
  t.after(() => rmSync(dir, { recursive: true }))
  cpSync(join(import.meta.dirname, '../../policies/access'), join(dir, 'access'), { recursive: true })
  const path = join(dir, 'access/policy.csv')
  const problems: { diagnostics: Diagnostic[]; error?: unknown }[] = []
  const activated: AccessHashes[] = []
  const live = await openLiveAccess({
    policiesDir: dir,
    onActivate: async hashes => {
      if (activated.length > 0) await onActivate?.()
      activated.push(hashes)
    },
    onProblem: problem => problems.push(problem),
  })
  const good = readFileSync(path, 'utf8')
  const mayRead = () => live.current().may(analyst, 'read', 'sales', 'confidential')
  return { dir, path, good, live, problems, activated, mayRead }
}

const without = (good: string) => good.replace('p, analyst, *, confidential, read, allow\n', '')

describe('the access policy', () => {
  test('that is edited is in force once two looks find it the same, and told with its hashes', async t => {
    const { path, good, live, problems, activated, mayRead } = await setUp(t)
    writeFileSync(path, without(good))
    await live.look()
    assert.equal(mayRead(), true, 'somebody may still be writing')
    await live.look()
    assert.equal(mayRead(), false)
    await live.look()
    assert.equal(activated.length, 2)
    assert.notEqual(activated[0]!.policySha256, activated[1]!.policySha256)
    assert.equal(activated[0]!.modelSha256, activated[1]!.modelSha256)
    assert.deepEqual(problems, [])
  })

  test('that is broken, or gone, changes nothing and is reported once, until it is mended', async t => {
    const { dir, path, good, live, problems, activated, mayRead } = await setUp(t)
    const before = live.current()
    const spoil = [
      () => writeFileSync(path, good.replace('analyst', 'analist')),
      () => writeFileSync(path, good.slice(0, good.indexOf('p, producer, *') + 9)),
      () => writeFileSync(path, ''),
      () => writeFileSync(path, Buffer.alloc(300_000, '#')),
      () => rmSync(path),
      () => rmSync(join(dir, 'access'), { recursive: true }),
    ]
    for (const [i, spoilIt] of spoil.entries()) {
      spoilIt()
      for (let looks = 0; looks < 3; looks++) await live.look()
      assert.equal(live.current(), before)
      assert.equal(problems.length, i + 1)
      assert.ok(live.diagnostics().length > 0)
    }
    assert.match(problems[0]!.diagnostics[0]!.fix, /Did you mean `analyst`/)
    cpSync(join(import.meta.dirname, '../../policies/access'), join(dir, 'access'), { recursive: true })
    for (let looks = 0; looks < 2; looks++) await live.look()
    assert.deepEqual(live.diagnostics(), [])
    assert.equal(mayRead(), true)
    assert.equal(activated.length, 2)
  })

  test('is not in force before its change is recorded', async t => {
    let fails = true
    const { path, good, live, mayRead } = await setUp(t, async () => {
      if (fails) throw new Error('the log is down')
    })
    writeFileSync(path, without(good))
    await live.look()
    await assert.rejects(live.look(), /the log is down/)
    assert.equal(mayRead(), true)
    fails = false
    await live.look()
    assert.equal(mayRead(), false)
  })

  test('is needed to begin with', async t => {
    const dir = mkdtempSync(join(tmpdir(), 'access-'))
    t.after(() => rmSync(dir, { recursive: true }))
    const opened = openLiveAccess({ policiesDir: dir, onActivate: async () => {}, onProblem: () => {} })
    await assert.rejects(opened, error => error instanceof AccessPolicyError && error.diagnostics.length === 2)
  })
})
