// The readable page of an export: one file that needs nothing else, runs nothing and loads nothing. Whatever a value
// holds is shown as text.

import { hash } from 'node:crypto'
import type { Language } from '../../../runtime/language.ts'
import type { JsonValue } from '../../../storage/json.ts'
import type { StoredContract } from '../../../storage/stored-shapes.ts'
import { type Texts, texts } from './index-texts.ts'
import type { DataAccess, DatasetData, OwnRecord, PersonalData, RejectedEvent } from './personal-data.ts'
import { recordTable, valueText } from './write-csv.ts'

/** Of one dataset; the CSV has all. */
const MAX_RECORDS_SHOWN = 1_000

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881 }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 72rem; margin: 0 auto; padding: 1rem 1.5rem 4rem }
h1, h2, h3 { line-height: 1.2 } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem }
table { border-collapse: collapse; min-width: 50% } caption { text-align: left; font-weight: 600; padding: .5rem 0 }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line) }
td { overflow-wrap: anywhere; min-width: 6rem; max-width: 28rem; white-space: pre-wrap }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem } dt { font-weight: 600 } dd { margin: 0 }
.wide { overflow-x: auto } .wide:focus { outline: 2px solid } code { font-size: .9em }
`
const CSP = `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'`

interface Facts {
  request: string
  createdAt: string
  language: Language
}

export function writeIndex(data: PersonalData, { request, createdAt, language }: Facts): string {
  const t = texts[language]
  const body = [
    `<h1>${t.title}</h1>`,
    `<p>${t.intro}</p>`,
    facts([
      [t.made, createdAt],
      [t.request, request],
    ]),
    `<h2>${t.files}</h2>`,
    `<ul>${Object.entries(t.fileList)
      .map(([name, what]) => `<li><code>${name}</code>: ${what}</li>`)
      .join('')}</ul>`,
    `<h2>${t.you}</h2>`,
    personsTable(data, t),
    ...data.datasets.map(dataset => datasetSection(dataset, t)),
    `<h2>${t.accesses}</h2>`,
    accessesTable(data.accesses, t),
  ]
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CSP}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${t.title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body.join('\n')}
</main>
</body>
</html>
`
}

function personsTable({ persons }: PersonalData, t: Texts): string {
  return table(
    t.yourIds,
    [t.type, t.id, t.state, t.objections, t.aliases],
    persons.map(({ type, id, restricted, objections, aliases }) => [
      type,
      id,
      restricted ? t.restricted : t.active,
      objections.join('; ') || t.none,
      aliases.count === 0 ? t.none : t.aliasNote(aliases.count, aliases.types.join(', ')),
    ]),
  )
}

function datasetSection(dataset: DatasetData, t: Texts): string {
  const { contracts, records, rejected } = dataset
  const title = contracts.at(-1)?.title
  const ends = [...records, ...rejected].flatMap(({ keptUntil }) => keptUntil ?? []).sort()
  return [
    `<h2>${t.dataset}: ${escaped(title ?? dataset.dataset)}</h2>`,
    ends.length > 0 ? `<p>${t.latestEnd} ${escaped(ends.at(-1)!)}.</p>` : '',
    ...contracts.map(contract => contractSection(contract, t)),
    `<h3>${t.records}</h3>`,
    recordsTable(dataset, t),
    ...(rejected.length > 0 ? [`<h3>${t.rejected}</h3>`, `<p>${t.rejectedNote}</p>`, rejectedTable(rejected, t)] : []),
  ].join('\n')
}

function contractSection(contract: StoredContract, t: Texts): string {
  const { schema, policy, purpose, legalBasis, recipients, retention, fields } = contract
  const kept = Object.entries(t.retentionOf).map(([store, name]) => `${name} ${retention[store as 'log']}`)
  return [
    `<h3>${t.treatment}</h3>`,
    facts([
      [t.purpose, purpose],
      [t.legalBasis, worded(t.legalBases, legalBasis)],
      [t.recipients, recipients.join(', ') || t.none],
      [t.retention, kept.join(', ')],
      [t.version, `${schema}, ${policy}`],
    ]),
    table(
      t.fields,
      [t.field, t.category, t.level, t.stored],
      fields.map(({ pointer, category, level, action }) => [
        pointer,
        category ?? '',
        t.levels[level],
        worded(t.actions, action),
      ]),
    ),
  ].join('\n')
}

function recordsTable(dataset: DatasetData, t: Texts): string {
  const newest = dataset.records.slice(-MAX_RECORDS_SHOWN)
  const { columns, rows } = recordTable({ records: newest, contracts: dataset.contracts })
  // What stands beside the event is told in words.
  const pointers = columns.filter(column => column.startsWith('/'))
  const first = columns.length - pointers.length
  const all = dataset.records.length
  return [
    all > newest.length ? `<p>${t.shown(newest.length, all)}</p>` : '',
    table(
      `${t.records}: ${dataset.dataset}`,
      [t.time, t.kind, t.keptUntil, ...pointers],
      rows.map((row, i) => [
        newest[i]!.time ?? newest[i]!.receivedAt,
        kindText(newest[i]!, t),
        newest[i]!.keptUntil ?? '',
        ...row.slice(first),
      ]),
    ),
  ].join('\n')
}

function kindText({ kind, held, rectifies, rectifiedBy, id }: OwnRecord, t: Texts): string {
  return [
    t.kinds[kind],
    ...(id === null ? [] : [id]),
    ...(held ? [t.held] : []),
    ...(rectifies === null ? [] : [`${t.rectifies} ${rectifies}`]),
    ...(rectifiedBy === null ? [] : [`${t.rectifiedBy} ${rectifiedBy}`]),
  ].join('\n')
}

function rejectedTable(rejected: RejectedEvent[], t: Texts): string {
  return table(
    t.rejected,
    [t.received, t.why, t.keptUntil, t.original],
    rejected.map(({ receivedAt, errors, keptUntil, original }) => [
      receivedAt,
      errors.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join('\n'),
      keptUntil ?? '',
      original === null ? t.originalHidden : original,
    ]),
  )
}

function accessesTable(accesses: DataAccess[], t: Texts): string {
  if (accesses.length === 0) return `<p>${t.nothing}</p>`
  return [
    `<p>${t.accessesNote}</p>`,
    table(
      t.accesses,
      [t.time, t.what, t.by, t.dataset, t.statedPurpose, t.events],
      accesses.map(({ at, kind, actor, dataset, purpose, events, otherEvents, opened }) => [
        at,
        worded(t.accessKinds, kind),
        actor,
        dataset ?? '',
        opened ? (purpose ?? '') : t.notOpened,
        events.length + otherEvents,
      ]),
    ),
  ].join('\n')
}

function worded(words: Record<string, string>, name: string): string {
  return Object.hasOwn(words, name) ? words[name]! : name
}

function facts(pairs: [name: string, value: string][]): string {
  return `<dl>${pairs.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`
}

/** Wide ones are scrolled, by keyboard too. */
function table(caption: string, head: string[], rows: (JsonValue | undefined)[][]): string {
  const name = escaped(caption)
  const cells = (row: (JsonValue | undefined)[]) => row.map(cell => `<td><bdi>${escaped(valueText(cell))}</bdi></td>`)
  return [
    `<div class="wide" role="region" tabindex="0" aria-label="${name}">`,
    `<table><caption>${name}</caption>`,
    `<thead><tr>${head.map(each => `<th scope="col">${escaped(each)}</th>`).join('')}</tr></thead>`,
    `<tbody>${rows.map(row => `<tr>${cells(row).join('')}</tr>`).join('\n')}</tbody></table></div>`,
  ].join('\n')
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, character => ENTITIES[character]!)
}
