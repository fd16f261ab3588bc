// Real samples that are not part of the repository, in the shape of the project's own datasets.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../storage/json.ts'
import { transaction } from './fixtures.ts'

/** Events by dataset, made from the files of a folder. */
export function realSamples(dir: string): Record<'transactions' | 'user-profiles', JsonObject[]> {
  return { transactions: paysim(dir), 'user-profiles': randomUsers(dir) }
}

/** Profiles that a generator made. */
function randomUsers(dir: string): JsonObject[] {
  return ['page1-v1.3', 'page2-v1.3', 'page1-20-v1.3', 'users111-v1.4', 'single-v1.4'].flatMap(name => {
    const { results } = JSON.parse(readFileSync(join(dir, 'random-user', `${name}.json`), 'utf8')) as {
      results: JsonObject[]
    }
    return results
  })
}

/** PaySim's simulated mobile money in the shape of our transactions: its account names are the persons. */
function paysim(dir: string): JsonObject[] {
  const [, ...rows] = readFileSync(join(dir, 'transactions', 'paysim-3000.csv'), 'utf8')
    .trim()
    .split('\n')
  return rows.slice(0, 1_000).map(row => {
    const [, , amount, name] = row.split(',')
    const base = transaction({ montant: Number(amount) })
    return {
      ...base,
      utilisateur: {
        idUtilisateur: `compte-${name}`,
        nom: `Titulaire ${name}`,
        adresse: `Agence ${name}`,
        email: `${name}@example.com`,
      },
    }
  })
}
