// What every side of the lake port promises, run by each side's own test file. It must only ask for what a real
// object store holds too, in a bucket that others use at the same time: every test works below a fresh prefix.

import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Lake } from './lake.ts'

export interface OpenedLake {
  lake: Lake
  /** Closes the lake and opens it again over the same content, where a side can. */
  reopen: () => Promise<Lake>
  close(): Promise<void>
}

const freshPrefix = () => `suite/${randomUUID()}/`

export function lakeContractSuite(name: string, open: () => Promise<OpenedLake>): void {
  describe(`lake: ${name}`, () => {
    let opened: OpenedLake
    let lake: Lake
    before(async () => {
      opened = await open()
      lake = opened.lake
    })
    after(() => opened.close())

    test('a file comes back byte by byte, with the etag it was given', async () => {
      for (const body of [Buffer.alloc(0), Buffer.from([0, 255, 10, 13]), randomBytes(300_000)]) {
        const path = `${freshPrefix()}dataset=a/date=2026-01-01/part_0-10.parquet`
        const etag = await lake.putIfAbsent(path, body)
        assert.ok(etag)
        assert.deepEqual(await lake.get(path), { body, etag })
      }
    })

    test('a range of a file is read alone; what lies beyond its end is left out', async () => {
      const prefix = freshPrefix()
      const body = randomBytes(100_000)
      await lake.putIfAbsent(`${prefix}a`, body)
      for (const [start, end] of [
        [0, 1],
        [10, 70_000],
        [99_990, 100_000],
        [99_990, 200_000],
      ] as const)
        assert.deepEqual(await lake.read(`${prefix}a`, { start, end }), body.subarray(start, end))
      assert.equal(await lake.read(`${prefix}unknown`, { start: 0, end: 1 }), undefined)
      for (const [start, end] of [
        [1, 1],
        [-1, 2],
        [0, 1.5],
      ] as const)
        await assert.rejects(lake.read(`${prefix}a`, { start, end }), RangeError)
    })

    test('a file that is not there is undefined, nor is a folder one', async () => {
      const prefix = freshPrefix()
      await lake.putIfAbsent(`${prefix}a/b`, Buffer.from('x'))
      assert.equal(await lake.get(`${prefix}unknown`), undefined)
      assert.equal(await lake.get(`${prefix}a`), undefined)
    })

    test('a path that is taken stays as it is', async () => {
      const path = `${freshPrefix()}a`
      const etag = await lake.putIfAbsent(path, Buffer.from('first'))
      assert.equal(await lake.putIfAbsent(path, Buffer.from('second')), undefined)
      assert.deepEqual(await lake.get(path), { body: Buffer.from('first'), etag })
    })

    test('of parallel writers of one path one wins, and only it is told an etag', async () => {
      const path = `${freshPrefix()}a`
      const bodies = Array.from({ length: 12 }, (_, i) => Buffer.from(`writer ${i}`))
      const etags = await Promise.all(bodies.map(body => lake.putIfAbsent(path, body)))
      const winners = etags.flatMap((etag, i) => (etag === undefined ? [] : [i]))
      assert.equal(winners.length, 1)
      assert.deepEqual(await lake.get(path), { body: bodies[winners[0]!], etag: etags[winners[0]!] })
    })

    test('a file is replaced only by who knows its etag', async () => {
      const path = `${freshPrefix()}manifest.json`
      const one = (await lake.putIfAbsent(path, Buffer.from('one')))!
      const two = (await lake.putIfMatch(path, Buffer.from('two'), one))!
      assert.notEqual(two, one)
      assert.equal(await lake.putIfMatch(path, Buffer.from('three'), one), undefined)
      assert.deepEqual(await lake.get(path), { body: Buffer.from('two'), etag: two })
      assert.equal(await lake.putIfMatch(`${path}.unknown`, Buffer.from('x'), two), undefined)
      assert.equal(await lake.get(`${path}.unknown`), undefined)
    })

    test('parallel swaps of one file lose no update', async () => {
      const path = `${freshPrefix()}manifest.json`
      await lake.putIfAbsent(path, Buffer.from('[]'))
      const add = async (writer: number) => {
        for (;;) {
          const { body, etag } = (await lake.get(path))!
          const next = JSON.stringify([...JSON.parse(body.toString()), writer])
          if (await lake.putIfMatch(path, Buffer.from(next), etag)) return
        }
      }
      await Promise.all([0, 1, 2, 3, 4, 5].map(add))
      const { body } = (await lake.get(path))!
      assert.deepEqual(JSON.parse(body.toString()).sort(), [0, 1, 2, 3, 4, 5])
    })

    test('paths are listed by prefix, sorted by character, page by page without gaps', async () => {
      const prefix = freshPrefix()
      const names = ['a', 'a-b/c', 'a.b', 'b/a', 'b/b/c', 'b/b0', 'b=1/x', 'B', 'b0', 'z/deep/er/x_1.parquet'].sort()
      for (const name of names.toReversed()) await lake.putIfAbsent(prefix + name, Buffer.from(name))
      const pages = async (under: string, limit: number) => {
        const listed: string[] = []
        for (;;) {
          const last = listed.at(-1)
          const page = await lake.list(prefix + under, last === undefined ? { limit } : { after: last, limit })
          assert.ok(page.length <= limit)
          if (page.length === 0) return listed.map(path => path.slice(prefix.length))
          listed.push(...page)
        }
      }
      for (const limit of [1, 3, 1000]) {
        assert.deepEqual(await pages('', limit), names)
        for (const under of ['b', 'b/', 'b/b', 'z/deep/er/', 'unknown']) {
          assert.deepEqual(
            await pages(under, limit),
            names.filter(name => name.startsWith(under)),
          )
        }
      }
      assert.deepEqual(await lake.list(prefix, { after: `${prefix}b/b/`, limit: 1 }), [`${prefix}b/b/c`])
    })

    test('a deleted file is gone and its path free again; deleting nothing is no error', async () => {
      const prefix = freshPrefix()
      const etag = await lake.putIfAbsent(`${prefix}a`, Buffer.from('x'))
      await lake.delete(`${prefix}a`)
      await lake.delete(`${prefix}a`)
      assert.equal(await lake.get(`${prefix}a`), undefined)
      assert.deepEqual(await lake.list(prefix, { limit: 10 }), [])
      assert.equal(await lake.putIfMatch(`${prefix}a`, Buffer.from('y'), etag!), undefined)
      assert.ok(await lake.putIfAbsent(`${prefix}a`, Buffer.from('y')))
    })

    test('a path that leads elsewhere or is no plain path is refused', async () => {
      const hostile = [
        '',
        '/',
        '/etc/passwd',
        '..',
        '../a',
        'a/../b',
        'a/./b',
        'a//b',
        'a/',
        'a\\b',
        'a b',
        'é',
        'a\0b',
        'a:b',
        '~a',
        'a'.repeat(901),
      ]
      for (const path of hostile) {
        await assert.rejects(lake.putIfAbsent(path, Buffer.from('x')), TypeError)
        await assert.rejects(lake.putIfMatch(path, Buffer.from('x'), 'etag'), TypeError)
        await assert.rejects(lake.get(path), TypeError)
        await assert.rejects(lake.delete(path), TypeError)
      }
    })

    test('a limit out of bounds is refused', async () => {
      for (const limit of [0, 1.5, 1001]) await assert.rejects(lake.list('', { limit }), RangeError)
    })

    test('the lake answers a ping', () => lake.ping())

    test('files and their etags are there after opening again', async () => {
      const path = `${freshPrefix()}a`
      const etag = (await lake.putIfAbsent(path, Buffer.from('x')))!
      lake = await opened.reopen()
      assert.deepEqual(await lake.get(path), { body: Buffer.from('x'), etag })
      assert.ok(await lake.putIfMatch(path, Buffer.from('y'), etag))
    })
  })
}
