// How quality went, window by window: lines, and the same numbers as a table; and how long events were on their way.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Lines } from '../kit/chart.js'
import { Choice } from '../kit/form.js'
import { Facts, List, Section } from '../kit/parts.js'
import { number, percent, span, Time } from '../kit/show.js'
import { t } from '../kit/text.js'

const PAGE = 50
const dimensions = ['completeness', 'conformity', 'uniqueness', 'timeliness', 'consistency']
const volumes = ['received', 'effective', 'rejected', 'duplicates']
const delays = ['p50', 'p95', 'p99']

const inPercent = share => (share === null ? null : Math.round(share * 10_000) / 100)

/** By choice: the lines, and how a table shows their values. */
const trends = {
  score: () => [{ name: t('quality.score'), of: each => each.score, show: number }],
  dimensions: () =>
    dimensions.map(name => ({
      name: t(`dimension.${name}`),
      of: each => inPercent(each.dimensions[name]),
      show: value => percent(value / 100),
    })),
  volume: () =>
    volumes.map(name => ({ name: t(`volume.${name}`), of: each => each.volume[name] ?? null, show: number })),
  delay: () =>
    delays.map(name => ({
      name: t(`delay.${name}`),
      of: each => (each.timeliness?.delayMs ? each.timeliness.delayMs[name] / 1_000 : null),
      show: seconds => span(seconds * 1_000),
    })),
}

export function Trends({ items }) {
  const [chosen, setChosen] = useState('dimensions')
  const offered = Object.keys(trends).filter(
    name => name !== 'delay' || items.some(({ timeliness }) => timeliness?.delayMs),
  )
  const lines = trends[chosen]()
    .map(line => ({ ...line, values: items.map(line.of) }))
    .filter(({ values }) => values.some(value => value !== null))
  const times = items.map(({ window }) => Date.parse(window.start) / 1_000)
  return html`<${Section} id="trends" title=${t('quality.trends')}>
    <${Choice} label=${t('quality.show')} value=${chosen} onInput=${setChosen} options=${offered.map(name => [name, t(`trend.${name}`)])} />
    ${
      items.length > 1 && lines.length > 0
        ? html`<${Lines} key=${chosen} label=${t(`trendOf.${chosen}`)} times=${times} lines=${lines} />`
        : html`<p class="soft">${t('quality.tooFew')}</p>`
    }
    <p class="note">${t(`trendOf.${chosen}`)}</p>
    <details><summary>${t('chart.asTable')}</summary><${AsTable} items=${items} lines=${lines} caption=${t(`trendOf.${chosen}`)} /></details>
  </${Section}>`
}

function AsTable({ items, lines, caption }) {
  const [count, setCount] = useState(PAGE)
  const rows = items.map(({ window }, i) => ({ start: window.start, i })).reverse()
  const columns = [
    { label: t('explore.window'), head: true, show: ({ start }) => html`<${Time} at=${start} />` },
    ...lines.map(({ name, values, show }) => ({
      label: name,
      numeric: true,
      show: ({ i }) => (values[i] === null ? '–' : show(values[i])),
    })),
  ]
  const list = { items: rows.slice(0, count), more: count < rows.length ? () => setCount(count + PAGE) : undefined }
  return html`<${List} list=${list} caption=${caption} columns=${columns} keyOf=${({ start }) => start} />`
}

/** Null for who may not read when events happened. */
export function Timeliness({ timeliness }) {
  if (!timeliness) return null
  const { timed, inTime, ahead, delayMs } = timeliness
  return html`<${Section} id="timeliness" title=${t('dimension.timeliness')} note=${t('quality.timelinessNote')}>
    <${Facts} facts=${[
      ...delays.map(name => [t(`delay.${name}`), delayMs ? span(delayMs[name]) : '–']),
      [t('quality.timed'), number(timed)],
      ...(inTime === null ? [] : [[t('quality.inTime'), number(inTime)]]),
      [t('quality.ahead'), number(ahead)],
    ]} />
  </${Section}>`
}
