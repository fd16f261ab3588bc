// What the pages ask for beside the API that was there: the overview and its stream, the matrix, the audit by person.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Overview } from '../gateway/overview.ts'
import { eventually } from './eventually.ts'
import { transactionOf } from './fixtures.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

let ecluse: StartedEcluse
before(async () => {
  ecluse = await startEcluse({ ECLUSE_LEASE_MS: '200' })
})
after(() => ecluse.stop())

const read = async <T>(role: string, path: string) => (await (await ecluse.call(role, path)).json()) as T

async function keyFor(roles: string[], datasets: string[]): Promise<{ apiKey: string; id: string }> {
  const { body } = await ecluse.answer('data-engineer', '/v1/access/keys', {
    body: { name: 'a test', roles, datasets },
  })
  return body as unknown as { apiKey: string; id: string }
}

describe('the overview', () => {
  test('counts what came to the datasets that its reader may see, and what was stored', async () => {
    await ecluse.accept('transactions', transactionOf(randomUUID()))
    const { flows, ports } = await read<Overview>('analyst', '/v1/overview')
    assert.deepEqual(
      flows.map(({ dataset }) => dataset),
      ['transactions', 'user-profiles'],
    )
    const [{ accepted, stored }] = flows as [Overview['flows'][number]]
    assert.deepEqual([accepted, stored!.effective], [1, 1])
    assert.deepEqual([ports['event-log'], ports.vault], ['ok', 'ok'])
    const { apiKey } = await keyFor(['analyst'], ['user-profiles'])
    const narrow = await fetch(`${ecluse.address}/v1/overview`, { headers: { authorization: `Bearer ${apiKey}` } })
    assert.deepEqual(
      ((await narrow.json()) as Overview).flows.map(({ dataset }) => dataset),
      ['user-profiles'],
    )
  })

  test('tells a producer no more of a person than the answer to an event of theirs', async () => {
    const { person, subject } = await ecluse.newcomer()
    const flowFor = async (role: string) => {
      // One reading is shared for a moment: what stands in a later one was counted after this began.
      const { at } = await read<Overview>(role, '/v1/overview')
      const later = await eventually('it is read anew', async () => {
        const overview = await read<Overview>(role, '/v1/overview')
        return overview.at > at && overview
      })
      return later.flows[0]!
    }
    const [producer, steward] = [await flowFor('producer'), await flowFor('data-steward')]
    await ecluse.setState(subject, 'restricted')
    await eventually('the restriction is noticed', async () => {
      await ecluse.accept('transactions', transactionOf(person))
      return (await flowFor('data-steward')).stored!.held! > steward.stored!.held!
    })
    const after = await flowFor('producer')
    const sent = after.accepted - producer.accepted
    assert.ok(sent > 0)
    const stored = { ...producer.stored!, effective: producer.stored!.effective + sent }
    assert.deepEqual(after, { ...producer, received: producer.received + sent, accepted: after.accepted, stored })
    assert.ok(!('held' in after.stored!))
  })

  test('is streamed, and the stream ends within a lease of the key’s end', async () => {
    const { apiKey, id } = await keyFor(['analyst'], ['*'])
    const headers = { authorization: `Bearer ${apiKey}` }
    const answer = await fetch(`${ecluse.address}/v1/overview/events`, { headers })
    assert.equal(answer.headers.get('content-type'), 'text/event-stream')
    let text = ''
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      if (text === '') await ecluse.call('data-engineer', `/v1/access/keys/${id}`, { method: 'DELETE' })
      text += chunk
    }
    const told = [...text.matchAll(/^event: overview\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as Overview)
    assert.ok(told.length > 0 && told.every(({ flows }) => flows.length === 2))
  })
})

test('the matrix tells who may what on the datasets that its reader may see', async () => {
  interface Matrix {
    datasets: { dataset: string; roles: { role: string; read: string[] }[] }[]
    all: { role: string; actions: string[] }[]
  }
  const { datasets, all } = await read<Matrix>('analyst', '/v1/access/matrix')
  const owner = datasets[0]!.roles.find(({ role }) => role === 'data-owner')!
  assert.deepEqual([datasets[0]!.dataset, owner.read.length], ['transactions', 4])
  assert.ok(all.find(({ role }) => role === 'dpo')!.actions.includes('erase'))
})

describe('the audit of a person', () => {
  const search = (role: string, body: object) => ecluse.answer(role, '/v1/audit/searches', { body })
  interface Found {
    items: { entry: { kind: string }; private?: { purpose?: string } }[]
  }

  test('is found by the id or alias that people know, which stands in no address', async () => {
    const email = `${randomUUID()}@example.org`
    const person = randomUUID()
    const event = transactionOf(person, { utilisateur: { idUtilisateur: person, email } })
    await ecluse.accept('transactions', event)
    const path = `/v1/datasets/transactions/events/${event.id_transaction}?clear=true&purpose=a+complaint`
    assert.equal((await ecluse.call('data-owner', path)).status, 200)
    await ecluse.post('transactions')
    for (const body of [{ subject: { type: 'customer', id: person } }, { alias: { type: 'email', id: email } }]) {
      const { status, body: answer } = await search('dpo', body)
      assert.equal(status, 200)
      const { items } = answer as unknown as Found
      assert.ok(
        items.some(({ entry, private: opened }) => entry.kind === 'clear-read' && opened?.purpose === 'a complaint'),
      )
      assert.ok(!JSON.stringify(items).includes(person))
    }
  })

  test('takes the right to export beside that to the audit, and one name', async () => {
    const nobody = { subject: { type: 'customer', id: 'nobody' } }
    assert.equal((await search('auditor', nobody)).status, 403)
    assert.equal((await search('analyst', nobody)).status, 403)
    assert.equal((await search('dpo', {})).status, 400)
    assert.deepEqual((await search('dpo', nobody)).body, { items: [], next: null })
  })
})
