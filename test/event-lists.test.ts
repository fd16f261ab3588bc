import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { transactionOf } from './fixtures.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

let ecluse: StartedEcluse
before(async () => {
  ecluse = await startEcluse({ ECLUSE_LEASE_MS: '100' })
})
after(() => ecluse.stop())

async function list(query: string): Promise<{ items: { id: string }[]; next: string | null }> {
  const response = await ecluse.call('data-owner', `/v1/datasets/transactions/events${query}`)
  assert.equal(response.status, 200)
  return (await response.json()) as { items: { id: string }[]; next: string | null }
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
