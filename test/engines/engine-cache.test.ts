import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eventually } from '../eventually.ts'
import { environmentWith } from './environment.ts'

const MODULE = join(import.meta.dirname, 'engine-cache.ts')
/** More than any kernel gives. */
const NO_PID = 2 ** 30

async function freshCache(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'engine-cache-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** A process that asks for `thing`, made by `make`, a function body that knows `dir`. */
function builder(cache: string, make: string) {
  const script = `
    import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
    import { cached, run } from ${JSON.stringify(MODULE)}
    process.stdout.write(await cached('thing', async dir => { ${make} }))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: environmentWith({ ECLUSE_TEST_ENGINES_CACHE: cache }),
  })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => output.push(String(chunk)))
  const ended = once(child, 'close').then(([code]) => ({ code, output: output.join('') }))
  return { child, ended }
}

test('of several processes that ask for the same thing one builds it, and all get it', async t => {
  const cache = await freshCache(t)
  const make = `appendFileSync(${JSON.stringify(join(cache, 'builds'))}, 'x'); writeFileSync(dir + '/whole', '')`
  const results = await Promise.all(Array.from({ length: 4 }, () => builder(cache, make).ended))
  assert.deepEqual(new Set(results.map(({ output }) => output)), new Set([join(cache, 'thing')]))
  assert.equal(await readFile(join(cache, 'builds'), 'utf8'), 'x')
  assert.deepEqual((await readdir(cache)).sort(), ['builds', 'thing'])
})

test('the lock of a process that was killed is broken, and what it left half-built is not taken for whole', async t => {
  const cache = await freshCache(t)
  const stuck = builder(
    cache,
    `writeFileSync(dir + '/half', ''); setInterval(() => {}, 1e6); await new Promise(() => {})`,
  )
  await eventually('the build has begun', async () => (await readdir(cache, { recursive: true })).some(isHalf))
  stuck.child.kill('SIGKILL')
  await stuck.ended
  assert.deepEqual(await builder(cache, `writeFileSync(dir + '/whole', '')`).ended, {
    code: 0,
    output: join(cache, 'thing'),
  })
  assert.deepEqual(await readdir(cache, { recursive: true }), ['thing', 'thing/whole'])
})
const isHalf = (path: string) => path.endsWith('half')

test('several who find an orphaned lock break it once', async t => {
  const cache = await freshCache(t)
  await writeFile(join(cache, 'thing.lock'), String(NO_PID))
  const make = `appendFileSync(${JSON.stringify(join(cache, 'builds'))}, 'x')`
  await Promise.all(Array.from({ length: 4 }, () => builder(cache, make).ended))
  assert.equal(await readFile(join(cache, 'builds'), 'utf8'), 'x')
})

test('a build that fails leaves nothing, and shows the end of what its command wrote', async t => {
  const cache = await freshCache(t)
  const { code, output } = await builder(cache, `await run('sh', ['-c', 'echo the reason; exit 3'])`).ended
  assert.equal(code, 1)
  assert.match(output, /sh ended with 3; .*\.log ends with:\s+the reason/)
  assert.deepEqual(await readdir(cache), ['logs'])
})
