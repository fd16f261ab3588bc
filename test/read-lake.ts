// Reads the lake as an analyst does: the manifest says which files are the dataset, DuckDB reads them as one table.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { type LakeManifest, manifestPath } from '../storage/lake-manifest.ts'
import { eventually } from './eventually.ts'
import type { EcluseProcess } from './spawn-ecluse.ts'

/** Resolves when all that was accepted has come into the lake. */
export async function inLake(ecluse: Pick<EcluseProcess, 'settled' | 'url'>): Promise<void> {
  await ecluse.settled()
  await eventually('everything is in the lake', async () => {
    const text = await (await fetch(`${ecluse.url}/metrics`)).text()
    return /^ecluse_lake_lag_records\S* 0$/m.test(text)
  })
}

/** Of an embedded lake. */
export function manifestIn(dataDir: string, dataset: string): LakeManifest {
  return JSON.parse(readFileSync(join(dataDir, 'lake', manifestPath(dataset)), 'utf8')) as LakeManifest
}

/** Rows of a query over the dataset, which stands in it as `lake`. */
export async function queryLake(dataDir: string, dataset: string, sql: string): Promise<Record<string, unknown>[]> {
  const folder = join(dataDir, 'lake')
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    // As docs/lake.md tells it.
    await connection.run(`SET VARIABLE files = (
      SELECT list('${folder}/' || file.path)
      FROM (SELECT unnest(files) AS file FROM read_json('${join(folder, manifestPath(dataset))}')))`)
    await connection.run(`CREATE VIEW lake AS SELECT * FROM read_parquet(getvariable('files'), union_by_name = true)`)
    return (await connection.runAndReadAll(sql)).getRowObjectsJS()
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
