import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** What a process writes that logs these calls and then ends at once. */
function logged(format: 'text' | 'json', calls: string, level = 'info'): string {
  const source = `
    import { makeLogger } from './logger.ts'
    const logger = makeLogger('${format}', '${level}')
    ${calls}
    process.kill(process.pid, 'SIGKILL')`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', source], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  return stdout
}

test('json is one object a line on standard output, with time, level and fields, even when the process is killed', () => {
  const lines = logged(
    'json',
    `logger.info({ dataset: 'é' }, 'one'); logger.error({ err: new Error('why') }, 'two\\nlines')`,
  )
  const [one, two, ...rest] = lines
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(rest, [])
  assert.ok(Math.abs(Date.now() - Date.parse(one.time)) < 60_000 && one.time.endsWith('Z'))
  assert.deepEqual([one.level, one.dataset, one.msg], [30, 'é', 'one'])
  assert.deepEqual([two.level, two.err.message, two.msg], [50, 'why', 'two\nlines'])
  assert.ok(!('pid' in one) && !('hostname' in one))
})

test('text is for people: the message and its fields', () => {
  const text = logged('text', `logger.warn({ dataset: 'transactions' }, 'contract is live')`)
  assert.match(text, /WARN.*contract is live/)
  assert.match(text, /dataset: .*transactions/)
})

test('what is less severe than the level is left out', () => {
  const lines = logged('json', `logger.debug('a'); logger.info('b'); logger.warn('c')`, 'warn')
  assert.deepEqual(
    lines
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).msg),
    ['c'],
  )
})
