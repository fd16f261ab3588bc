// The lake as pyarrow reads it: files of two schema versions, of which one changed a type, as one table. pyarrow comes
// from PyPI, through the python3 there is.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { DATASET, openedLake } from '../processors/lake/lake-fixture.ts'
import { cached, run } from './engines/engine-cache.ts'

const VERSION = '22.0.0'

/** As docs/lake.md tells it. */
const SCRIPT = `
import json, sys, pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
root = sys.argv[1]
manifest = json.load(open(f"{root}/events/${DATASET}/manifest.json"))
tables = [pq.read_table(f"{root}/" + file["path"], partitioning=None) for file in manifest["files"]]
table = pa.concat_tables(tables, promote_options="default")
print(json.dumps({
  "rows": table.num_rows,
  "ids": sorted(table["id"].to_pylist()),
  "sum": pc.sum(table["/amount"]).as_py(),
  "codes": sorted(v for v in table["/code"].to_pylist() if v is not None),
  "others": [json.loads(v) for v in table["/code~json"].to_pylist() if v is not None],
  "tags": [json.loads(v) for v in table["/tags"].to_pylist() if v is not None],
  "received": str(table["received_at"].type),
  "codec": pq.ParquetFile(f"{root}/" + manifest["files"][0]["path"]).metadata.row_group(0).column(0).compression,
}))
`

async function pyarrow(): Promise<string> {
  const python = (await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'])).trim()
  return cached(`pyarrow-${VERSION}-python-${python}`, async dir => {
    const options = ['--quiet', '--disable-pip-version-check', '--only-binary', ':all:', '--no-deps']
    await run('python3', ['-m', 'pip', 'install', ...options, '--target', dir, `pyarrow==${VERSION}`])
  })
}

test('pyarrow reads files of several schema versions as one table', async t => {
  const { dir, archive, take } = await openedLake(t)
  const older = await archive({ event: { amount: 1, code: 7, tags: ['a', 1] } })
  await take(older)
  const newer = [
    await archive({ schema: '2-0-0', event: { amount: 2.5, code: 'seven', paid: true } }),
    await archive({ schema: '2-0-0', event: { amount: 3 } }),
  ]
  await take(...newer)
  const script = join(dir, '..', 'read.py')
  writeFileSync(script, SCRIPT)
  const output = await run('python3', [script, dir], { env: { PYTHONPATH: await pyarrow() } })
  assert.deepEqual(JSON.parse(output), {
    rows: 3,
    ids: [older, ...newer].map(({ id }) => id).sort(),
    sum: 6.5,
    codes: [7],
    others: ['seven'],
    tags: [['a', 1]],
    received: 'timestamp[ms, tz=UTC]',
    codec: 'ZSTD',
  })
})
