// Quality field by field: where values are missing, window by window, what the numbers are, and what is spread otherwise
// than in the days before.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { HeatMap } from '../kit/heat-map.js'
import { List, Section, Table } from '../kit/parts.js'
import { number, percent, Time } from '../kit/show.js'
import { t } from '../kit/text.js'
import { fieldName } from './quality-score.js'

const PAGE = 50
const MAX_DRIFTS = 50
/** So many events say nothing of one of them. */
const MIN_EVENTS = 5

export function Fields({ items, summary, promises }) {
  const { fields } = summary
  if (fields.length === 0)
    return html`<${Section} id="fields" title=${t('quality.fields')}><p class="soft">${t('quality.noFields')}</p></${Section}>`
  const targets = new Map((promises?.completeness ?? []).map(({ pointer, share }) => [pointer, share]))
  const byWindow = items.map(each => new Map(each.fields.map(field => [field.pointer, field])))
  const rows = fields.map(({ pointer }) => ({
    name: fieldName(pointer),
    target: targets.get(pointer),
    missing: byWindow.map(of => shareOf(of.get(pointer))),
  }))
  return html`<${Section} id="fields" title=${t('quality.fields')} note=${t('quality.heatNote')}>
    <${HeatMap} caption=${t('quality.heat')} starts=${items.map(({ window }) => window.start)} rows=${rows} />
    <${OfPeriod} fields=${fields} targets=${targets} />
    <${Drift} items=${items} />
  </${Section}>`
}

const shareOf = field => (field && field.of >= MIN_EVENTS ? field.missing / field.of : null)

function OfPeriod({ fields, targets }) {
  const [count, setCount] = useState(PAGE)
  const columns = [
    {
      label: t('field.pointer'),
      head: true,
      show: ({ pointer }) => html`<span class="mono">${fieldName(pointer)}</span>`,
    },
    { label: t('quality.events'), numeric: true, show: ({ of }) => number(of) },
    {
      label: t('quality.holds'),
      numeric: true,
      show: field => percent(field.of < MIN_EVENTS ? null : 1 - shareOf(field)),
    },
    { label: t('quality.promised'), numeric: true, show: ({ pointer }) => percent(targets.get(pointer)) },
    { label: t('quality.mean'), numeric: true, show: ({ numbers }) => figure(numbers?.mean) },
    {
      label: t('quality.deviation'),
      numeric: true,
      show: ({ numbers }) =>
        figure(numbers?.variance === undefined || numbers.variance === null ? null : Math.sqrt(numbers.variance)),
    },
  ]
  const list = { items: fields.slice(0, count), more: count < fields.length ? () => setCount(count + PAGE) : undefined }
  return html`<h3 class="inner">${t('quality.wholePeriod')}</h3>
    <${List} list=${list} quiet caption=${t('quality.wholePeriod')} columns=${columns} keyOf=${({ pointer }) => pointer} />`
}

const figure = value => (value === null || value === undefined ? '–' : number(value, { maximumSignificantDigits: 5 }))

/** Windows in which a field's values were spread otherwise, more than by chance. */
function Drift({ items }) {
  const found = items.flatMap(({ window, drift }) =>
    (drift ?? []).filter(({ isDrifting }) => isDrifting).map(each => ({ ...each, start: window.start })),
  )
  if (items.every(({ drift }) => drift === null)) return null
  const columns = [
    {
      label: t('field.pointer'),
      head: true,
      show: ({ pointer }) => html`<span class="mono">${fieldName(pointer)}</span>`,
    },
    { label: t('explore.window'), show: ({ start }) => html`<${Time} at=${start} />` },
    { label: t('quality.psi'), numeric: true, show: ({ psi }) => figure(psi) },
    { label: t('quality.values'), numeric: true, show: ({ values }) => number(values) },
  ]
  return html`<h3 class="inner">${t('quality.drift')}</h3>
    <p class="note">${t('quality.driftNote')}</p>
    ${
      found.length > 0
        ? html`<${Table} quiet caption=${t('quality.drift')} rows=${found.slice(-MAX_DRIFTS).reverse()} columns=${columns} />`
        : html`<p class="soft">${t('quality.noDrift')}</p>`
    }`
}
