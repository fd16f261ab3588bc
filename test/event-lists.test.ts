import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { transactionOf } from './fixtures.ts'
import { makeGiftsDir } from './gifts.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

let ecluse: StartedEcluse
before(async () => {
  ecluse = await startEcluse({ ECLUSE_LEASE_MS: '100' }, makeGiftsDir())
})
after(() => ecluse.stop())

interface Page {
  items: { id: string; subject: string }[]
  next: string | null
}

async function list(query: string, dataset = 'transactions'): Promise<Page> {
  const response = await ecluse.call('data-owner', `/v1/datasets/${dataset}/events${query}`)
  assert.equal(response.status, 200)
  return (await response.json()) as Page
}

for (const state of ['restricted', 'erasing', 'erased'] as const)
  test(`a list tells nothing of the events of a person who is ${state}`, async () => {
    const date = { restricted: '2019-03-01', erasing: '2019-03-02', erased: '2019-03-03' }[state]
    const day = `from=${date}T00:00:00Z&to=${date}T23:59:59Z`
    const [first, second, hidden] = [
      await ecluse.newcomer({ date: `${date}T10:00:00` }),
      await ecluse.newcomer({ date: `${date}T12:00:00` }),
      await ecluse.newcomer({ date: `${date}T11:00:00` }),
    ]
    await ecluse.accept('transactions', transactionOf(hidden.person, { date: `${date}T13:00:00` }))
    await ecluse.setState(hidden.subject, state)

    const pages: object[] = []
    const counts: object[] = []
    for (const subject of [hidden.subject, `p1.${'a'.repeat(22)}`])
      counts.push(
        await ecluse.countCalls(async () => {
          pages.push(await list(`?subject=${subject}&limit=1`))
        }),
      )
    assert.deepEqual(pages, Array(2).fill({ items: [], next: null }))
    const asked = (calls: object) =>
      Object.entries(calls).filter(([name]) => /findUnreadable|documents\.find events|contracts/.test(name))
    assert.deepEqual(asked(counts[0]!), asked(counts[1]!))

    const seen: (string | undefined)[] = []
    let cursor = ''
    for (let page = await list(`?${day}&limit=1`); ; ) {
      seen.push(...page.items.map(({ id }) => id))
      if (page.next === null) break
      assert.equal(page.items.length, 1, 'no page has a gap')
      cursor = `&cursor=${page.next}`
      page = await list(`?${day}&limit=1${cursor}`)
    }
    assert.deepEqual(seen, [second.id, first.id])
    const both = await list(`?${day}&limit=2`)
    assert.deepEqual(
      both.items.map(({ id }) => id),
      [second.id, first.id],
    )
  })

test('an event of a restricted person costs the calls of one that does not exist, whoever else it names', async () => {
  const gift = { from: { id: randomUUID(), name: 'Ada' }, to: { id: randomUUID(), name: 'Blaise', city: 'Rome' } }
  await ecluse.accept('gifts', gift)
  const { id, subject } = (await list('?limit=1', 'gifts')).items[0]!
  await ecluse.setState(subject, 'restricted')
  const counts: object[] = []
  for (const asked of [id, randomUUID()])
    counts.push(
      await ecluse.countCalls(async () => {
        const headers = { 'ecluse-purpose': 'a complaint' }
        const { status } = await ecluse.answer('data-owner', `/v1/datasets/gifts/events/${asked}?clear=true`, {
          headers,
        })
        assert.equal(status, 404)
      }),
    )
  const asked = (calls: object) =>
    Object.entries(calls).filter(([name]) => /findUnreadable|findByPseudonyms|documents\.(get|find) events/.test(name))
  assert.deepEqual(asked(counts[0]!), asked(counts[1]!))
  assert.equal(asked(counts[0]!).length, 2)
})
