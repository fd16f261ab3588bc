import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryLedger } from '../../test/temporary-ledger.ts'
import { newPseudonym } from '../protection/token.ts'

const person = () => ({ lookup: randomBytes(32).toString('hex'), pseudonym: newPseudonym() })

async function opened(t: TestContext) {
  const { dir, openAgain } = await temporaryLedger(t)
  const open = async () => (await openAgain()).ledger
  const read = async () => {
    const lookups: string[] = []
    const pseudonyms: string[] = []
    for await (const part of (await open()).read()) {
      lookups.push(...part.lookups)
      pseudonyms.push(...part.pseudonyms)
    }
    return { lookups: lookups.sort(), pseudonyms: pseudonyms.sort() }
  }
  return { dir, open, read }
}

test('what several processes add at once stands in it, each once; a lifted erasure is taken out', async t => {
  const { open, read } = await opened(t)
  const persons = Array.from({ length: 60 }, person)
  const [one, two] = [await open(), await open()]
  const add = (ledger: typeof one, { lookup, pseudonym }: ReturnType<typeof person>) =>
    ledger.add({ lookups: [lookup], pseudonyms: [pseudonym] })
  await Promise.all([...persons.map(each => add(one, each)), ...persons.map(each => add(two, each))])
  const all = { lookups: persons.map(p => p.lookup).sort(), pseudonyms: persons.map(p => p.pseudonym).sort() }
  assert.deepEqual(await read(), all)
  await one.removeLookup(persons[0]!.lookup)
  assert.deepEqual(await read(), { ...all, lookups: all.lookups.filter(each => each !== persons[0]!.lookup) })
})

test('no file holds both of a person, and a file’s order tells nothing', async t => {
  const { dir, open } = await opened(t)
  const ledger = await open()
  const persons = Array.from({ length: 300 }, person)
  for (let at = 0; at < persons.length; at += 50) {
    const slice = persons.slice(at, at + 50)
    await ledger.add({ lookups: slice.map(p => p.lookup), pseudonyms: slice.map(p => p.pseudonym) })
  }
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(entry => entry.name.endsWith('.json'))
  for (const entry of files) {
    const { payload } = JSON.parse(readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    assert.deepEqual(payload.entries, [...payload.entries].sort())
    assert.equal(new Set(payload.entries.map((each: string) => each.startsWith('p1.'))).size, 1)
  }
})

test('a file that was changed is told by its name, and nothing of it is believed', async t => {
  const { dir, open, read } = await opened(t)
  const { lookup, pseudonym } = person()
  await (await open()).add({ lookups: [lookup], pseudonyms: [pseudonym] })
  const entry = readdirSync(dir, { recursive: true, withFileTypes: true }).find(each => each.name.endsWith('.json'))!
  const path = join(entry.parentPath, entry.name)
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"entries":\[[^\]]*\]/, '"entries":[]'))
  await assert.rejects(read(), /ledger of erasures is damaged: (lookups|pseudonyms)\/[0-9a-f]{2}\.json/)
})
