// The quality report of a dataset: scores against what its policy promises, how they went, field by field, and why. To be
// read, printed, or taken into a spreadsheet.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { datasetsWhere } from '../kit/call.js'
import { csvOf, saveAs } from '../kit/csv.js'
import { Field, Select } from '../kit/form.js'
import { useLoad } from '../kit/load.js'
import { Empty, Page, Trouble, Waiting } from '../kit/parts.js'
import { qualityRows } from '../kit/quality-rows.js'
import { link, note, route } from '../kit/route.js'
import { localTime, number, timeText } from '../kit/show.js'
import { t } from '../kit/text.js'
import { Causes, Consistency, SchemaDrift, Suspects } from './quality-causes.js'
import { Fields } from './quality-fields.js'
import { Score, Volume } from './quality-score.js'
import { Timeliness, Trends } from './quality-trends.js'

const HOUR_MS = 3_600_000
const ranges = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, month: 720 * HOUR_MS }
const steps = { '1m': 60_000, '1h': HOUR_MS, '1d': 24 * HOUR_MS }
/** Of one report. */
const MAX_WINDOWS = 200

export function QualityPage() {
  const names = datasetsWhere('quality')
  const { query } = route.value
  const { dataset = names[0] } = query
  const choose = changes => note(['quality'], { ...query, dataset, ...changes })
  const period = periodOf(query)
  return html`<${Page} title=${t('page.quality')} lead=${t('quality.lead')}>
    <div class="asked">
      <${Select} label=${t('dataset')} value=${dataset} onInput=${name => choose({ dataset: name })} options=${names.map(name => [name, name])} />
      <${Select} label=${t('explore.range')} value=${period.range} onInput=${name => choose(chosenRange(name))} options=${[...Object.keys(ranges), 'own'].map(name => [name, t(`range.${name}`)])} />
      ${period.range === 'own' && ['from', 'to'].map(end => html`<${Field} key=${end} label=${t(`explore.${end}`)} type="datetime-local" value=${localTime(query[end])} onInput=${text => text && choose({ [end]: new Date(text).toISOString() })} />`)}
      <${Select} label=${t('quality.step')} value=${period.step} onInput=${step => choose({ step })} options=${period.steps.map(step => [step, t(`step.${step}`)])} />
    </div>
    <${Report} key=${JSON.stringify([dataset, query])} dataset=${dataset} period=${period} />
  </${Page}>`
}

/** Beginning and end in the address make a period of one's own. */
function chosenRange(range) {
  if (range !== 'own') return { range, from: undefined, to: undefined, step: undefined }
  const now = Date.now()
  return { range, from: new Date(now - ranges.day).toISOString(), to: new Date(now).toISOString() }
}

/** With the lengths of windows of which there would be neither too many nor none. */
function periodOf({ from, to, range, step }) {
  const isOwn = Boolean(from && to)
  const name = isOwn ? 'own' : Object.hasOwn(ranges, range) ? range : 'day'
  const lengthMs = isOwn ? Date.parse(to) - Date.parse(from) : ranges[name]
  const fitting = Object.keys(steps).filter(
    each => lengthMs >= 2 * steps[each] && lengthMs <= MAX_WINDOWS * steps[each],
  )
  const offered = fitting.length > 0 ? fitting : [lengthMs > ranges.month ? '1d' : '1m']
  return { range: name, from, to, lengthMs, steps: offered, step: offered.includes(step) ? step : offered[0] }
}

/** Events that left any trace, for those too who are not told all counts. */
function cameIn({ volume: { received, effective, rejected, duplicates, conflicts } }) {
  return received ?? effective + rejected + duplicates + conflicts
}

function Report({ dataset, period }) {
  const [openedMs] = useState(Date.now())
  const { range, step } = period
  const [from, to] =
    range === 'own'
      ? [period.from, period.to]
      : [new Date(openedMs - period.lengthMs).toISOString(), new Date(openedMs).toISOString()]
  const asked = new URLSearchParams({ from, to, step, limit: MAX_WINDOWS })
  const { data, problem, again } = useLoad(`/v1/datasets/${encodeURIComponent(dataset)}/quality?${asked}`)
  if (problem) return html`<${Trouble} problem=${problem} />`
  if (!data) return html`<${Waiting} />`
  const { items, summary, promises, next } = data
  const save = () => saveAs(`quality-${dataset}-${from.slice(0, 10)}.csv`, csvOf(qualityRows(dataset, items)))
  const look = html`<button type="button" class="quiet" onClick=${again}>${t('again')}</button>`
  if (!summary || cameIn(summary) === 0)
    return html`<${Empty} title=${t('quality.nothing')}>${t('quality.nothingDo')} <a href=${link(['datasets', dataset])}>${dataset}</a> ${look}</${Empty}>`
  return html`
    <p class="soft"><strong>${dataset}</strong>${t('colon')}${t('quality.of', { from: timeText(summary.window.start), to: timeText(summary.window.end), count: number(items.length) })}</p>
    <p class="acts">
      <button type="button" onClick=${() => window.print()}>${t('quality.print')}</button>
      <button type="button" onClick=${save}>${t('quality.csv')}</button>
      ${look}
    </p>
    ${next && html`<p class="note">${t('quality.cut', { count: number(MAX_WINDOWS) })}</p>`}
    <${Score} summary=${summary} promises=${promises} />
    <${Volume} volume=${summary.volume} />
    <${Trends} items=${items} />
    <${Fields} items=${items} summary=${summary} promises=${promises} />
    <${Causes} dataset=${dataset} summary=${summary} />
    <${SchemaDrift} drift=${summary.schemaDrift} />
    <${Suspects} summary=${summary} />
    <${Timeliness} timeliness=${summary.timeliness} />
    <${Consistency} rules=${summary.consistency} />`
}
