import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Unauthenticated } from './authenticate.ts'
import { RequestRefused } from './body/request-refused.ts'
import { makeSlowGuessing } from './slow-guessing.ts'

const MAX = 3

function start() {
  let nowMs = 1_000_000
  let notLookedAt = 0
  const guessing = makeSlowGuessing({ max: MAX, now: () => nowMs, onNotLookedAt: () => notLookedAt++ })
  let looks = 0
  const fail = async () => {
    looks++
    await null
    throw new Unauthenticated({ reason: 'unknown' })
  }
  const statusOf = (work: Promise<unknown>) =>
    work.then(
      () => 200,
      error => (error as RequestRefused).status,
    )
  return {
    ...guessing,
    guess: (address = 'a') => statusOf(guessing.attempt(address, fail)),
    enter: (address = 'a', work: () => Promise<unknown> = async () => {}) => statusOf(guessing.attempt(address, work)),
    pass: (ms: number) => {
      nowMs += ms
    },
    looks: () => looks,
    notLookedAt: () => notLookedAt,
  }
}

describe('guessing at one address', () => {
  test('gets so many looks a second, however it is sent', async () => {
    const together = start()
    const answers = await Promise.all(Array.from({ length: 100 }, () => together.guess()))
    assert.deepEqual([answers.filter(status => status === 401).length, together.looks()], [MAX, MAX])
    assert.ok(answers.every(status => status === 401 || status === 429))
    assert.equal(together.notLookedAt(), 100 - MAX)

    const inTurn = start()
    for (let i = 0; i < 10; i++) assert.equal(await inTurn.guess(), i < MAX ? 401 : 429)
    assert.equal(inTurn.looks(), MAX)
    assert.equal(await inTurn.enter(), 429, 'nor is a good one looked at that nobody knows')
    assert.deepEqual([await inTurn.enter('b'), await inTurn.guess('b')], [200, 401])
    inTurn.pass(1_000)
    assert.deepEqual([await inTurn.enter(), await inTurn.guess()], [200, 401])
  })

  test('of credentials that were let past counts too', () => {
    const { noteFailure } = start()
    for (let i = 0; i < MAX; i++) noteFailure('a')
    assert.throws(() => noteFailure('a'), RequestRefused)
  })
})

test('many good ones at once are all let in, a few at a time', async () => {
  const { enter } = start()
  let underWay = 0
  let most = 0
  const work = async () => {
    most = Math.max(most, ++underWay)
    await new Promise(setImmediate)
    underWay--
  }
  const answers = await Promise.all(Array.from({ length: 50 }, () => enter('a', work)))
  assert.deepEqual([...new Set(answers)], [200])
  assert.equal(most, MAX)
})

test('what fails through no fault of the credential does not count', async () => {
  const { enter, guess } = start()
  const broken = async () => {
    throw new RequestRefused({ status: 503, slug: 'unavailable', detail: '', fix: '' })
  }
  for (let i = 0; i < 10; i++) assert.equal(await enter('a', broken), 503)
  assert.equal(await guess(), 401)
})
