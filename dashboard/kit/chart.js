// Charts: lines over time drawn by uPlot, and bars made of plain elements. Whoever does not see them has the same numbers
// in a table.

import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import { number } from './show.js'
import { language, locale, t } from './text.js'

export const MAX_LINES = 6
const HEIGHT = 260
const dashes = [[], [6, 4], [2, 3], [10, 4, 2, 4], [14, 5], [4, 2]]

/** Colours in force, which a canvas cannot read from a style sheet. */
function colours() {
  const probe = document.createElement('span')
  document.body.append(probe)
  const read = name => {
    probe.style.color = `var(${name})`
    return getComputedStyle(probe).color
  }
  const found = {
    ink: read('--soft'),
    line: read('--line'),
    lines: Array.from({ length: MAX_LINES }, (_, i) => read(`--line-${i + 1}`)),
  }
  probe.remove()
  return found
}

/**
 * @param {{ label: string, times: number[], lines: { name: string, values: (number | null)[] }[] }} props times in seconds
 */
export function Lines({ label, times, lines }) {
  const place = useRef(null)
  const plot = useRef(null)
  const names = lines.map(({ name }) => name).join('\0')
  useEffect(() => {
    const element = place.current
    let isGone = false
    const dark = matchMedia('(prefers-color-scheme: dark)')
    async function draw() {
      const { default: Plot } = await import('uplot')
      if (isGone) return
      plot.current?.destroy()
      plot.current = new Plot(optionsOf(lines, times, element.clientWidth), dataOf(times, lines), element)
    }
    draw()
    const schemes = [dark, matchMedia('print')]
    for (const each of schemes) each.addEventListener('change', draw)
    const watched = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }))
    watched.observe(element)
    return () => {
      isGone = true
      for (const each of schemes) each.removeEventListener('change', draw)
      watched.disconnect()
      plot.current?.destroy()
      plot.current = null
    }
  }, [names, language.value])
  useEffect(() => plot.current?.setData(dataOf(times, lines)), [times, lines])
  return html`<div class="chart" role="img" aria-label=${`${label}. ${t('chart.inTable')}`} ref=${place}></div>`
}

function dataOf(times, lines) {
  return [times, ...lines.map(({ values }) => values)]
}

const DAY_SECONDS = 86_400
/** Steps of the time axis, seconds. */
const STEPS = [1, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 10_800, 21_600, DAY_SECONDS, 7 * DAY_SECONDS]

function optionsOf(lines, times, width) {
  const { ink, line, lines: strokes } = colours()
  const axis = {
    stroke: ink,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    font: '12px sans-serif',
    space: 90,
  }
  const span = times.at(-1) - times[0]
  const day = span > DAY_SECONDS ? { day: '2-digit', month: '2-digit' } : {}
  const second = span < 600 ? { second: '2-digit' } : {}
  const time = new Intl.DateTimeFormat(locale(), { ...day, hour: '2-digit', minute: '2-digit', ...second })
  const timeAndDay = new Intl.DateTimeFormat(locale(), { dateStyle: 'short', timeStyle: 'medium' })
  return {
    width,
    height: HEIGHT,
    cursor: { drag: { x: false, y: false } },
    axes: [
      { ...axis, incrs: STEPS, values: (_, splits) => splits.map(each => time.format(each * 1000)) },
      { ...axis, space: 40, size: 70, values: (_, splits) => splits.map(each => number(each)) },
    ],
    series: [
      { label: t('chart.time'), value: (_, each) => (each === null ? '–' : timeAndDay.format(each * 1000)) },
      ...lines.map(({ name }, i) => ({
        label: name,
        stroke: strokes[i % MAX_LINES],
        dash: dashes[i % MAX_LINES],
        width: 2,
        spanGaps: true,
        points: { show: lines[0].values.length < 40 },
        value: (_, each) => (each === null || each === undefined ? '–' : number(each)),
      })),
    ],
  }
}

/** @param {{ bars: { name: string, value: number }[] }} props */
export function Bars({ bars }) {
  const greatest = Math.max(...bars.map(({ value }) => Math.abs(value)), 0) || 1
  return html`<div class="bars" aria-hidden="true">
    ${bars.map(
      ({ name, value }) => html`<div class="bar-row">
        <span class="bar-name">${name}</span>
        <span class="bar-track"><span class="bar" style=${{ width: `${(100 * Math.abs(value)) / greatest}%` }}></span></span>
        <span class="bar-value">${number(value)}</span>
      </div>`,
    )}
  </div>`
}
