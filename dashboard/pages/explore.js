// Declared aggregates as bars, lines and tables, and the newest stored events: both as the reader's mask covers them.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { call, datasetsWhere } from '../kit/call.js'
import { Bars, Lines, MAX_LINES } from '../kit/chart.js'
import { Choice, Field, Select } from '../kit/form.js'
import { leavesOf } from '../kit/leaves.js'
import { useList, useLoad } from '../kit/load.js'
import { Empty, List, Page, Section, Trouble, Waiting } from '../kit/parts.js'
import { link, note, route } from '../kit/route.js'
import { localTime, number, Stored, Time, timeText } from '../kit/show.js'
import { t } from '../kit/text.js'
import { Passport } from './passport.js'

const HOUR_MS = 3_600_000
const ranges = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS }
/** Groups that are drawn, or a little more: windows are whole. */
const MAX_GROUPS = 1_000
/** Pages asked for: each looks through two months at most, and may be empty. */
const MAX_PAGES = 7
const MAX_BARS = 20
const MAX_LEAVES = 8

export function ExplorePage() {
  const names = datasetsWhere('read')
  const { dataset = names[0] } = route.value.query
  const choose = changes => note(['explore'], { ...route.value.query, dataset, ...changes })
  return html`<${Page} title=${t('page.explore')} lead=${t('explore.lead')}>
    <${Select} label=${t('dataset')} value=${dataset} onInput=${name => note(['explore'], { dataset: name })} options=${names.map(name => [name, name])} />
    <${Section} id="aggregates" title=${t('explore.aggregates')}><${Aggregates} key=${dataset} dataset=${dataset} choose=${choose} /></${Section}>
    <${Section} id="latest" title=${t('explore.latest')} note=${t('explore.latestNote')}><${Latest} key=${dataset} dataset=${dataset} /></${Section}>
  </${Page}>`
}

function Aggregates({ dataset, choose }) {
  const { data, problem } = useLoad(`/v1/datasets/${encodeURIComponent(dataset)}`)
  if (problem) return html`<${Trouble} problem=${problem} />`
  if (!data) return html`<${Waiting} />`
  const { aggregates } = data
  if (aggregates.length === 0)
    return html`<${Empty} title=${t('explore.none')}>${t('explore.noneDo')} <a href=${link(['datasets', dataset])}>${dataset}</a></${Empty}>`
  const { query } = route.value
  const aggregate = aggregates.find(({ name }) => name === query.aggregate) ?? aggregates[0]
  const range = query.from ? 'own' : (query.range ?? 'day')
  return html`
    <div class="asked">
      <${Select} label=${t('explore.aggregate')} value=${aggregate.name} onInput=${name => choose({ aggregate: name, measure: undefined })} options=${aggregates.map(({ name }) => [name, name])} />
      <${Select} label=${t('explore.range')} value=${range} onInput=${chosen => choose({ range: chosen, ...(chosen === 'own' ? { from: new Date(Date.now() - ranges.day).toISOString(), to: new Date().toISOString() } : { from: undefined, to: undefined }) })} options=${[...Object.keys(ranges), 'own'].map(name => [name, t(`range.${name}`)])} />
      ${range === 'own' && ['from', 'to'].map(end => html`<${Field} key=${end} label=${t(`explore.${end}`)} type="datetime-local" value=${localTime(query[end])} onInput=${text => text && choose({ [end]: new Date(text).toISOString() })} />`)}
    </div>
    <${Groups} key=${`${aggregate.name} ${range} ${query.from} ${query.to}`} dataset=${dataset} aggregate=${aggregate} range=${range} choose=${choose} />`
}

/**
 * Groups of the newest windows, page by page, sorted: of sessions, the answer is so by day alone.
 * @returns {Promise<{ items: any[], withheld: number, isCut: boolean }>} newest window first; whether there may be more
 */
async function askGroups(path, options) {
  const items = []
  let withheld = 0
  let next = ''
  for (let pages = 0; next !== null && items.length < MAX_GROUPS && pages < MAX_PAGES; pages++) {
    const asked = new URLSearchParams({ limit: MAX_GROUPS - items.length, ...(next && { cursor: next }) })
    const page = await call(`${path}&${asked}`, options)
    items.push(...page.items)
    withheld += page.withheld
    next = page.next
  }
  return { items: items.sort((a, b) => startOf(b) - startOf(a)), withheld, isCut: next !== null }
}

const startOf = ({ window }) => Date.parse(window.start)

function Groups({ dataset, aggregate, range, choose }) {
  const [openedMs] = useState(Date.now())
  const { query } = route.value
  const [from, to] =
    range === 'own'
      ? [query.from, query.to]
      : [new Date(openedMs - ranges[range]).toISOString(), new Date(openedMs).toISOString()]
  const asked = new URLSearchParams({ from, ...(to && { to }), order: 'newest' })
  const { data, problem, again } = useLoad(
    `/v1/datasets/${encodeURIComponent(dataset)}/aggregates/${encodeURIComponent(aggregate.name)}?${asked}`,
    { ask: askGroups },
  )
  if (problem) return html`<${Trouble} problem=${problem} />`
  if (!data) return html`<${Waiting} />`
  const { items, withheld, isCut } = data
  const kept =
    withheld > 0 && html`<p class="note">${t('explore.withheld', { count: number(withheld), k: aggregate.k })}</p>`
  if (items.length === 0)
    return html`<${Empty} title=${isCut ? t('explore.nothingNew') : t('explore.nothing')}>${isCut ? t('explore.nothingNewDo') : t('explore.nothingDo')} <button type="button" class="quiet" onClick=${again}>${t('again')}</button></${Empty}>${kept}`
  const measures = Object.keys(items[0].measures).filter(name =>
    items.some(item => typeof item.measures[name] === 'number'),
  )
  const measure = measures.includes(query.measure) ? query.measure : measures[0]
  const shape = query.as ?? 'bars'
  return html`
    <div class="asked">
      <${Select} label=${t('explore.measure')} value=${measure} onInput=${name => choose({ measure: name })} options=${measures.map(name => [name, name])} />
      <${Choice} label=${t('explore.as')} value=${shape} onInput=${name => choose({ as: name })} options=${['bars', 'lines', 'table'].map(name => [name, t(`explore.${name}`)])} />
    </div>
    ${isCut && html`<p class="note">${t(aggregate.window.session ? 'explore.cutSessions' : 'explore.cut', { count: number(items.length) })}</p>`}
    ${shape === 'bars' && html`<${NewestWindow} items=${items} measure=${measure} />`}
    ${shape === 'lines' && html`<${OverTime} items=${items} measure=${measure} />`}
    ${kept}
    ${shape === 'table' ? html`<${AsTable} items=${items} />` : html`<details><summary>${t('chart.asTable')}</summary><${AsTable} items=${items} /></details>`}`
}

const nameOf = ({ group, otherGroups }) =>
  otherGroups
    ? t('explore.otherGroups')
    : Object.values(group)
        .map(value => value ?? '–')
        .join(' · ') || t('explore.allTogether')

function NewestWindow({ items, measure }) {
  const starts = [...new Set(items.map(({ window }) => window.start))]
  const [chosen, setChosen] = useState(starts[0])
  const of = items.filter(({ window }) => window.start === chosen)
  const bars = of
    .map(item => ({ name: nameOf(item), value: item.measures[measure] }))
    .filter(({ value }) => typeof value === 'number')
  bars.sort((a, b) => b.value - a.value)
  return html`
    <${Select} label=${t('explore.window')} value=${chosen} onInput=${setChosen} options=${starts.map(start => [start, timeText(start)])} />
    <${Bars} bars=${bars.slice(0, MAX_BARS)} />
    ${bars.length > MAX_BARS && html`<p class="note">${t('explore.drawn', { count: MAX_BARS, all: number(bars.length) })}</p>`}`
}

function OverTime({ items, measure }) {
  const starts = [...new Set(items.map(({ window }) => window.start))].reverse()
  const names = [...new Set(items.map(nameOf))]
  const values = new Map(items.map(item => [`${item.window.start} ${nameOf(item)}`, item.measures[measure]]))
  const lines = names
    .slice(0, MAX_LINES)
    .map(name => ({ name, values: starts.map(start => values.get(`${start} ${name}`) ?? null) }))
  return html`
    <${Lines} label=${measure} times=${starts.map(start => Date.parse(start) / 1000)} lines=${lines} />
    ${names.length > MAX_LINES && html`<p class="note">${t('explore.drawn', { count: MAX_LINES, all: number(names.length) })}</p>`}`
}

function AsTable({ items }) {
  const groups = Object.keys(items[0].group)
  const measures = Object.keys(items[0].measures)
  const shown = value => (typeof value === 'number' ? number(value) : value === null ? '–' : JSON.stringify(value))
  const columns = [
    { label: t('explore.window'), head: true, show: ({ window }) => html`<${Time} at=${window.start} />` },
    ...groups.map(name => ({
      label: name,
      show: item => (item.otherGroups ? t('explore.otherGroups') : (item.group[name] ?? '–')),
    })),
    ...measures.map(name => ({ label: name, numeric: true, show: item => shown(item.measures[name]) })),
    { label: t('explore.late'), numeric: true, show: ({ late }) => number(late) },
  ]
  const [count, setCount] = useState(50)
  const list = { items: items.slice(0, count), more: count < items.length ? () => setCount(count + 50) : undefined }
  return html`<${List} list=${list} caption=${t('explore.tableOf')} columns=${columns} />`
}

function Latest({ dataset }) {
  const list = useList(dataset, page =>
    call(`/v1/datasets/${encodeURIComponent(dataset)}/events?${new URLSearchParams({ ...page, limit: 10 })}`),
  )
  const pointers = [...new Set(list.items.flatMap(({ event }) => leavesOf(event).map(([pointer]) => pointer)))].slice(
    0,
    MAX_LEAVES,
  )
  const columns = [
    { label: t('time'), head: true, show: ({ time }) => html`<${Time} at=${time} />` },
    { label: t('explore.subject'), show: ({ subject }) => html`<${Stored} value=${subject} />` },
    ...pointers.map(pointer => ({
      label: html`<span class="mono">${pointer}</span>`,
      show: ({ event }) => html`<${Stored} value=${new Map(leavesOf(event)).get(pointer)} />`,
    })),
    {
      label: t('explore.passport'),
      // Who may not know where an event stands may not know its history.
      show: ({ id, position }) => id && position && html`<${Passport} dataset=${dataset} id=${id} />`,
    },
    {
      label: t('explore.whole'),
      show: each =>
        html`<details><summary>${t('show')}</summary><pre class="whole">${JSON.stringify(each.event, null, 2)}</pre></details>`,
    },
  ]
  return html`<${List} list=${list} caption=${t('explore.latest')} quiet columns=${columns} keyOf=${({ id, position }) => id ?? JSON.stringify(position)}
    empty=${html`<${Empty} title=${t('explore.noEvents')}>${t('explore.noEventsDo')} <a href=${link(['datasets', dataset])}>${dataset}</a></${Empty}>`} />`
}
