// Fields by windows as a table of coloured cells, each with its number in it: who sees no colours misses nothing.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { number, timeText } from './show.js'
import { locale, t } from './text.js'

const DAY_MS = 86_400_000
/** Cells shown at once, and added by each `more`. */
const CELLS = 3_000
/** Shares of events without a value from which on a cell is darker. */
const STEPS = [0.001, 0.01, 0.05, 0.2, 0.5]

/**
 * @param {{ caption: string, starts: string[], rows: { name: string, target?: number, missing: (number | null)[] }[] }} props
 *   `starts`: of the windows, RFC 3339; `missing`: shares by window, null where no event was looked at; `target`: the
 *   share that should hold a value
 */
export function HeatMap({ caption, starts, rows }) {
  const page = Math.max(1, Math.floor(CELLS / Math.max(1, starts.length)))
  const [count, setCount] = useState(page)
  const shown = rows.slice(0, count)
  const stepMs = starts.length > 1 ? Date.parse(starts[1]) - Date.parse(starts[0]) : 0
  return html`<div class="scroll heat" role="group" aria-label=${caption} tabindex="0">
      <table>
        <caption class="unseen">${caption}</caption>
        <thead>
          <tr>
            <th scope="col">${t('field.pointer')}</th>
            ${starts.map((start, i) => html`<th scope="col"><${Start} at=${start} before=${starts[i - 1]} step=${stepMs} /></th>`)}
          </tr>
        </thead>
        <tbody>
          ${shown.map(row => html`<${Row} key=${row.name} row=${row} starts=${starts} />`)}
        </tbody>
      </table>
    </div>
    <p class="under">
      <span class="soft">${t('list.shown', { count: number(shown.length) })}</span>
      ${count < rows.length && html`<button type="button" class="quiet" onClick=${() => setCount(count + page)}>${t('list.more')}</button>`}
    </p>`
}

/** The day where it is another one than before, and the time where windows are shorter. */
function Start({ at, before, step }) {
  const day = new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short' })
  const clock = new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' })
  const [time, last] = [new Date(at), before && new Date(before)]
  const isNewDay = !last || day.format(last) !== day.format(time)
  return html`<time datetime=${at} title=${timeText(at)}>${isNewDay && html`${day.format(time)}<br />`}${step < DAY_MS && clock.format(time)}</time>`
}

function Row({ row: { name, target, missing }, starts }) {
  return html`<tr>
    <th scope="row"><span class="mono">${name}</span></th>
    ${missing.map((share, i) => html`<${Cell} share=${share} isBelow=${target !== undefined && share !== null && 1 - share < target} title=${timeText(starts[i])} />`)}
  </tr>`
}

function Cell({ share, isBelow, title }) {
  if (share === null) return html`<td class="nothing" title=${title}>–</td>`
  const step = STEPS.filter(each => share >= each).length
  const text = percent(share)
  return html`<td class=${`heat-${step}${isBelow ? ' below' : ''}`} title=${title}>${text}${isBelow && html`<span aria-hidden="true">!</span><span class="unseen"> ${t('quality.below')}</span>`}</td>`
}

/** Without its sign, which stands in the caption: a thousand times over it would be noise. */
function percent(share) {
  return share > 0 && share < 0.001 ? '<0.1' : number(share * 100, { maximumFractionDigits: share < 0.1 ? 1 : 0 })
}
