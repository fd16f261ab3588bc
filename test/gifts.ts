// A dataset about two persons at once: gifts from one to another.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../storage/json.ts'
import { makeDir } from './spawn-ecluse.ts'

const policy = (noteAction: string) => `dataset: gifts
title: Gifts from one person to another
owner: a@example.org
steward: b@example.org
purpose: delivery
legalBasis: contract
recipients: [the parcel service]
review: { every: 3650d, last: 2026-11-01 }
retention: { log: 1d, events: 2d, quarantine: 1d, lake: 2d }
event:
  time: { at: /at }
  subjects:
    - { name: giver, type: customer, id: /from/id }
    - { name: receiver, type: customer, id: /to/id }
fields:
  /from/name: { category: user.name, level: confidential, action: encrypt }
  /from/mail: { category: user.contact.email, level: confidential, action: { pseudonymise: { domain: post } } }
  /to/name: { category: user.name, level: confidential, action: encrypt, of: receiver }
  /to/city: { category: user.contact.address.city, level: internal, action: keep, of: receiver }
  /items/*/name: { level: internal, action: keep }
  /at: { level: internal, action: keep }
  /note: { level: internal, action: ${noteAction} }
`
const text = { type: 'string' }
const closed = (properties: JsonObject, required: string[] = []) => ({
  type: 'object',
  additionalProperties: false,
  required,
  properties,
})
const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $defs: { name: { type: 'string', maxLength: 50 } },
  ...closed(
    {
      from: closed({ id: text, name: { $ref: '#/$defs/name' }, mail: text }, ['id']),
      to: closed({ id: text, name: text, city: text }, ['id']),
      items: { type: 'array', items: closed({ name: text }) },
      at: { type: 'string', format: 'date-time' },
      note: text,
    },
    ['from'],
  ),
}

/** A directory of schemas and policies with this dataset among the others. */
export function makeGiftsDir(): string {
  const dir = makeDir()
  mkdirSync(join(dir, 'schemas/gifts'))
  writeFileSync(join(dir, 'schemas/gifts/1-0-0.json'), JSON.stringify(SCHEMA))
  writeGiftsPolicy(join(dir, 'policies'))
  return dir
}

/** @param noteAction what is done to `/note` */
export function writeGiftsPolicy(policiesDir: string, noteAction = 'keep'): void {
  writeFileSync(join(policiesDir, 'gifts.yaml'), policy(noteAction))
}
